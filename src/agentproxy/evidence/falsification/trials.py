"""What the trials of a claim say of a check that was green before: whether the claim's own tests
need its change. The figures behind the rule are in docs/decisions/0020-falsification.md.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentproxy.events.check import CheckResult, TrialKind
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.asked.task_text import asks_for_tests_alone
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.check_evidence import Trials
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.falsification.claims_tests import find_claims_tests, passing
from agentproxy.evidence.falsification.mutant_verdict import (
    judge_by_mutants,
    lacks_control,
    with_unneeded,
)
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.trial_text import (
    did_not_end,
    fails_alone,
    no_test,
    not_run_by_check,
    passes_without,
    proven_by_trials,
    result_not_checked,
)

ORDER: Sequence[TrialKind] = ("without", "stub", "raising", "control")

# What the runners print where a test failed because a value was not the expected one.
_ASSERTION = re.compile(
    r"AssertionError|ERR_ASSERTION|AssertionFailed|ComparisonFailure|DID NOT RAISE"
    r"|^\s*--- FAIL|assertion .{0,40}failed"
    r"|\b[Ee]xpected\b[^\n]{0,200}\n?[^\n]{0,200}\b(?:[Rr]eceived|[Gg]ot|but|[Aa]ctual)",
    re.MULTILINE,
)
_PASSED = re.compile(r"\s*(?:ok \d|[\u2713\u2714])")
_COMPILER = re.compile(r"error(?: TS\d+|\[E\d+\])")
_TESTS = re.compile(
    r"test|spec|jest|mocha|tox|nox|\bunit\b|\btape?\b|\bava\b|\buvu\b|\bnyc\b|\bc8\b|coverage"
    r"|behave|cucumber|\be2e\b",
    re.IGNORECASE,
)
# A program reads some of these, which then fails the trial without the change.
_PROSE = re.compile(
    r"(?:.*/)?(?:[^/]+\.(?:md|rst|adoc|markdown)|CHANGE(?:LOG|S)(?:\.txt)?|AUTHORS)"
)


def _asserts(output: str, *, green: str) -> bool:
    """Whether a test printed that a value was not the expected one; `green` is what is printed
    where all pass, titles of tests among it.
    """
    passing = set(green.splitlines())
    lines = (
        line
        for line in output.splitlines()
        if line not in passing and not _COMPILER.search(line) and not _PASSED.match(line)
    )
    return _ASSERTION.search("\n".join(lines)) is not None


def applies_trials(comparison: Comparison, verdict: CheckVerdict) -> bool:
    """Whether all that is missing is a proof: the check was green, and is."""
    green = verdict.reason_code == "green_before"
    kept = verdict.reason_code == "passes_as_before" and not comparison.rules.has_acceptance_check
    if comparison.rules.later_part or not (green or kept):
        return False
    check = comparison.check
    # A linter or a build is no place for a test.
    return comparison.claim.by_test or bool(_TESTS.search(f"{check.name} {check.command}"))


def next_trial(comparison: Comparison, verdict: CheckVerdict) -> TrialKind | None:
    """The variant that a check has to run on next, before it can be proven; None for no more.

    As long as no variant is prepared it is the first one.
    """
    if not applies_trials(comparison, verdict):
        return None
    if comparison.evidence.trials is None:
        return ORDER[0]
    reading = _Reading(comparison, comparison.evidence.trials)
    if lacks_control(comparison):
        return "control"
    return next((kind for kind in ORDER if reading.lacks(kind)), None)


def wants_mutants(comparison: Comparison, verdict: CheckVerdict) -> bool:
    """Whether the check has to run on mutants of the code: the claim has tests, and no code."""
    trials = comparison.evidence.trials
    if trials is None or not trials.tests or not comparison.claim.by_test:
        return False
    if not applies_trials(comparison, verdict) or next_trial(comparison, verdict) is not None:
        return False
    reading = _Reading(comparison, trials)
    if trials.code and reading.check_result:
        return comparison.rules.mutants_of_changes and any(map(language_of, trials.code))
    alone = asks_for_tests_alone(comparison.rules.task)
    bare = alone and reading.only_tells and not reading.need_change
    return bare and bool(find_claims_tests(comparison, trials.tests))


def judge_by_trials(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """The verdict; proven where a test of the claim fails without its change, and fails by an
    assertion where the changed functions do nothing new. Else it says what the tests lack.
    """
    trials = comparison.evidence.trials
    if trials is None or next_trial(comparison, verdict) is not None:
        return verdict
    if not applies_trials(comparison, verdict):
        return verdict
    reading = _Reading(comparison, trials)
    said = next(said for row in _ROWS if (said := row(reading, verdict)) is not None)
    if said.reason_code == "falsified":
        return with_unneeded(comparison, said, reading.names)
    return said


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one check said of the variants."""

    comparison: Comparison
    trials: Trials

    @property
    def only_tells(self) -> bool:
        """Whether all that the claim changes beside its tests is text for a reader."""
        return all(_PROSE.fullmatch(path) for path in self.trials.code)

    @property
    def names(self) -> frozenset[str]:
        """The claim's tests that the check runs; its command where the runner names no tests."""
        if not self.trials.code or not self.trials.tests:
            return frozenset()
        if not self.comparison.claim.by_test:
            return frozenset({self.comparison.check.command})
        return find_claims_tests(self.comparison, self.trials.tests)

    @property
    def need_change(self) -> frozenset[str]:
        """Those that do not pass without the change."""
        result = self._result("without")
        if result is None:
            return frozenset()
        if not self.comparison.claim.by_test:
            return self.names if status_of(result) != "passes" else frozenset()
        outcomes = {test.name: test.outcome for test in result.tests}
        # A file that cannot be loaded takes its old tests with it, which say nothing of the change.
        old = self.comparison.base.names_of("passed")
        return frozenset(
            name
            for name in self.names
            if outcomes.get(name) != "passed" and (name in outcomes or name not in old)
        )

    @property
    def check_result(self) -> frozenset[str]:
        """Those that fail by an assertion where the changed functions do nothing new; where no
        function can be a stub, or stubs are not built, without the change.
        """
        stub = self._result("stub")
        if stub is not None and stub.doubt == "not_built":
            return self.fail_by_assertion("without")
        if "stub" in self.trials.variants:
            return self.fail_by_assertion("stub")
        return frozenset() if self.trials.unparsed else self.fail_by_assertion("without")

    def fail_by_assertion(self, kind: TrialKind) -> frozenset[str]:
        """Those of the tests that need the change which fail so on a variant."""
        result = self._result(kind)
        if result is None:
            return frozenset()
        if not self.comparison.claim.by_test:
            # Old tests fail on a stub of a function that they called with another signature, and
            # without names nobody can tell them from the claim's.
            clear = kind == "without" or not self.trials.resigned
            last = self.comparison.claim.last
            green = last.output if last is not None else ""
            shown = clear and status_of(result) == "fails" and _asserts(result.output, green=green)
            return self.need_change if shown else frozenset()
        return self.need_change & {test.name for test in result.tests if test.by_assertion}

    @property
    def prove(self) -> frozenset[str]:
        """Those that check what the change does, and pass with it where they run in the same way.
        Where the runs on variants left nothing out, this was seen at the claim.
        """
        control = self.trials.results.get("control")
        if control is None:
            return self.check_result
        return self.check_result & passing(control)

    def lacks(self, kind: TrialKind) -> bool:
        """Whether the check has to run on a variant, as far as is known."""
        if kind not in self.trials.variants or kind in self.trials.results:
            return False
        if kind == "control":
            ran = self.trials.results.values()
            differs = self.trials.reads or any(each.left_out for each in ran)
            return self.comparison.claim.by_test and bool(self.check_result) and differs
        if kind == "without":
            return bool(self.names)
        return bool(self.need_change) and not self.check_result

    def _result(self, kind: TrialKind) -> CheckResult | None:
        result = self.trials.results.get(kind)
        return result if result is not None and result.ending == "exited" else None


def _without_code(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict | None:
    if reading.trials.code:
        return None
    return judge_by_mutants(reading.comparison, verdict)


def _without_test(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict | None:
    return None if reading.trials.tests else no_test(reading.comparison, verdict)


def _tests_not_run(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict | None:
    if reading.names:
        return None
    return not_run_by_check(reading.comparison, verdict, reading.trials.tests)


def _without_need(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict | None:
    result = reading.trials.results.get("without")
    if reading.need_change:
        return None
    if result is None or result.ending != "exited":
        return did_not_end(reading.comparison, verdict)
    if reading.comparison.evidence.mutants is not None and reading.only_tells:
        return judge_by_mutants(reading.comparison, verdict)
    return passes_without(reading.comparison, verdict, reading.names)


def _proven(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict | None:
    names = reading.prove
    if not names:
        return None
    return proven_by_trials(reading.comparison, verdict, names)


def _alone(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict | None:
    names = reading.check_result
    return fails_alone(reading.comparison, verdict, names) if names else None


def _unchecked(reading: _Reading, verdict: CheckVerdict) -> CheckVerdict:
    raising = reading.trials.results.get("raising")
    called = raising is not None and status_of(raising) != "passes"
    return result_not_checked(reading.comparison, verdict, reading.need_change, called=called)


_ROWS: Sequence[Callable[[_Reading, CheckVerdict], CheckVerdict | None]] = (
    _without_code,
    _without_test,
    _tests_not_run,
    _without_need,
    _proven,
    _alone,
    _unchecked,
)
