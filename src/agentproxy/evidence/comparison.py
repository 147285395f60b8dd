"""One check prepared for judging: both sides, their difference, and the waived tests."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.events.contract import Check
from agentproxy.evidence.asked.red_tests import is_beside_task
from agentproxy.evidence.attempts import Delta, Side, compare, fold_attempts
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.obstacles.cannot_run import (
    ended_early,
    is_missing_module_of,
    module_not_found,
    outside_reason,
)
from agentproxy.evidence.reports.report import PRINTING
from agentproxy.evidence.reports.report_doubts import GATHERED
from agentproxy.evidence.reports.summaries import REPORTING, find_summaries, last_to_end
from agentproxy.evidence.reports.test_ids import (
    file_of,
    is_changed,
    is_file_named_by,
    is_known_red,
    is_named_by,
    is_whole_file,
    same_file,
    title_of,
)
from agentproxy.evidence.test_files import is_test_file
from agentproxy.text.colours import strip_colours


@dataclass(frozen=True, slots=True)
class Comparison:
    """What every step to a verdict reads."""

    evidence: CheckEvidence
    rules: Rules
    base: Side
    claim: Side
    delta: Delta
    red_beside_task: bool  # what failed at the base, and fails, is not what the task is about
    # The failing tests that the task names. If it names any, only those must be fixed.
    scope: frozenset[str]
    changed: frozenset[str]  # paths

    @property
    def check(self) -> Check:
        return self.evidence.check

    @property
    def is_acceptance(self) -> bool:
        return self.check.role == "acceptance"

    @property
    def base_fails(self) -> bool:
        return self.base.status == "fails" or bool(self.base.names_of("failed") - self.delta.flaky)

    @property
    def claim_fails(self) -> bool:
        failing = self.claim.names_of("failed") - self.delta.flaky
        return self.claim.status == "fails" and (bool(failing) or self.claim.fails_beside_its_tests)

    @property
    def flaky_names(self) -> frozenset[str]:
        """The flaky tests that count, or the command where its exit code alone is flaky."""
        if self.delta.flaky:
            return frozenset(name for name in self.delta.flaky if not self._may_be_flaky(name))
        if "flaky" in (self.base.status, self.claim.status):
            return frozenset({self.check.command})
        return frozenset()

    @property
    def unresolved(self) -> frozenset[str]:
        """The tests that fail at the claim, or are hidden there, and are not waived."""
        failing = {name for name in self.delta.still_failing if not self.is_waived(name)}
        # The scope waives only what failed before: a new or a hidden failure is the claim's doing.
        others = self.delta.hidden | self.delta.new_failures
        known = self.rules.known_red
        return frozenset(failing | {name for name in others if not is_known_red(name, known)})

    @property
    def blocked(self) -> dict[str, CannotRun]:
        """The tests that fail at the base and at the claim for the same reason outside of both."""
        found: dict[str, CannotRun] = {}
        base, claim = self.base.tests, self.claim.tests
        # A file that cannot be loaded stands for its tests at one side only.
        for name in sorted(self.delta.still_failing & base.keys() & claim.keys()):
            before, after = (outside_reason(tests[name].message) for tests in (base, claim))
            if before is not None and before == after:
                found[name] = before
        return found

    @property
    def not_installed(self) -> str:
        """The module that no test can import, at the base and at the claim, or "".

        The tree has it: without a module of others a check cannot run, and then no test has failed.
        """
        names = self.delta.still_failing
        base, claim = self.base.tests, self.claim.tests
        if not names or any(side.names_of("passed") for side in (self.base, self.claim)):
            return ""
        if not names <= base.keys() & claim.keys() or self.delta.new_failures:
            return ""
        missed = {
            module_not_found(tests[name].message) for name in names for tests in (base, claim)
        }
        return missed.pop() if len(missed) == 1 else ""

    @property
    def removed(self) -> frozenset[str]:
        # A task that names a test may ask for its removal.
        task = self.rules.task
        removed = {name for name in self.delta.removed if not is_named_by(name, task)}
        return frozenset(removed - self._removed_as_asked(removed) - self._parametrized(removed))

    @property
    def fixed_unchanged(self) -> frozenset[str]:
        return frozenset(name for name in self.delta.fixed if self._is_unchanged(name))

    def _removed_as_asked(self, removed: set[str]) -> set[str]:
        asked = self.rules.asked
        if asked is None or not removed:
            return set()
        passed = {title_of(name) for name in self.claim.names_of("passed")}
        found: set[str] = set()
        # A test that is still there and is skipped is not done without.
        for name in removed - self.claim.outcomes.keys():
            file, title = file_of(name), title_of(name)
            gone = {each for path, each in asked.gone.items() if _is_in(file, path)}
            moved = [to for path, to in asked.moved.items() if _is_in(file, path)]
            if any(title in names for names in gone) or any(
                to.get(title) in passed for to in moved
            ):
                found.add(name)
        return found

    @property
    def worse_beside_task(self) -> frozenset[str]:
        """The tests that passed at the base and fail now, and no change as asked explains it.

        Those of a file that cannot be loaded any more are not among them.
        """
        asked = self.rules.asked
        unloaded = {name for name in self.claim.names_of("failed") if is_whole_file(name)}
        worse = {
            name
            for name in self.delta.regressed
            if not self._may_be_flaky(name) and file_of(name) not in unloaded
        }
        if asked is None:
            return frozenset(worse)
        return frozenset(
            name
            for name in worse
            if not any(_is_in(file_of(name), path) for path in asked.shared)
            and not any(
                title_of(name) in names
                for tests in (asked.gone, asked.moved)
                for path, names in tests.items()
                if _is_in(file_of(name), path)
            )
        )

    def _parametrized(self, removed: set[str]) -> set[str]:
        """Those that have parameters now: such a test is changed, and not removed."""
        plain = {name for name in removed - self.claim.outcomes.keys() if not name.endswith("]")}
        if not plain:
            return set()
        passed = {name.partition("[")[0] for name in self.claim.names_of("passed")}
        return plain & passed

    def is_waived(self, name: str) -> bool:
        """Whether a test may still fail: it is known red, or outside the task."""
        if is_known_red(name, self.rules.known_red):
            return True
        if self.red_beside_task and name in self.delta.still_failing:
            return True
        return bool(self.scope) and name not in self.scope

    def _may_be_flaky(self, name: str) -> bool:
        # A test with one outcome at the base is worse now, even if the task does not name it.
        was_flaky = name in self.base.flaky
        known = is_known_red(name, self.rules.known_red)
        return known or (was_flaky and self.is_waived(name))

    def _is_unchanged(self, name: str) -> bool:
        before = self.base.tests.get(name)
        file = file_of(name) or (before.place.rpartition(":")[0] if before else "")
        if not self.changed:
            return True
        # Without a file, the test may be in any of the changed files.
        return bool(file) and is_test_file(file) and not is_changed(file, self.changed)


def _is_in(file: str, path: str) -> bool:
    # A runner may give no file; then the name decides alone.
    return not file or same_file(file, path)


def build_comparison(evidence: CheckEvidence, rules: Rules) -> Comparison:
    brought = [change.path for change in rules.changes if change.status == "added"]
    base = fold_attempts(
        [_as_failure_of_missing_module(result, brought) for result in evidence.base]
    )
    named = [_without_new_printers(result, evidence.base) for result in evidence.claim]
    claim = fold_attempts([_as_ended_early(result, evidence.base) for result in named])
    # A test that is flaky at the base has failed there, so the task may name it.
    failed = {test.name for test in base.tests.values() if test.outcome == "failed"} | base.flaky
    task = rules.task
    changed = frozenset(change.path for change in rules.changes)
    delta = compare(base, claim, changed=changed)
    scope = frozenset(
        name for name in failed if is_named_by(name, task) or is_file_named_by(name, task)
    )
    return Comparison(
        evidence=evidence,
        rules=rules,
        base=base,
        claim=claim,
        delta=delta,
        red_beside_task=not scope and _is_red_beside_task(base, claim, delta, rules=rules),
        scope=scope,
        changed=changed,
    )


def _is_red_beside_task(base: Side, claim: Side, delta: Delta, *, rules: Rules) -> bool:
    if not base.by_test or not claim.by_test or delta.fixed or delta.hidden or delta.flaky:
        return False
    # A check whose tests are mostly red was written for the task.
    if len(base.names_of("passed")) < len(delta.still_failing) or base.fails_beside_its_tests:
        return False
    red = [base.tests[name] for name in delta.still_failing if name in base.tests]
    changed = [change.path for change in rules.changes]
    return is_beside_task(rules.task, red, changed=changed)


def with_restored_tests(comparison: Comparison) -> Comparison:
    """Compares the same base with the claim that has the base's tests and settings."""
    evidence, rules = comparison.evidence, comparison.rules
    changes = tuple(each for each in rules.changes if each.path not in evidence.restored_files)
    return build_comparison(
        replace(evidence, claim=evidence.restored), replace(rules, changes=changes)
    )


def _as_failure_of_missing_module(result: CheckResult, brought: Iterable[str]) -> CheckResult:
    # Tests may be written before the module that they test. The base then fails: it lacks a
    # module that the claim adds, and not one of the environment.
    if not is_missing_module_of(result.cannot_run, brought):
        return result
    return result.model_copy(update={"cannot_run": None})


def _without_new_printers(result: CheckResult, base: Iterable[CheckResult]) -> CheckResult:
    """The result without names, where a runner is new whose only report is what it prints: code
    under test may print its words, with the names of another runner.
    """
    known = {runner for before in base if before.by_test for runner in before.runners}
    new = set(result.runners) & PRINTING - known
    if not known or not new:
        return result
    rest = tuple(each for each in result.runners if each not in new)
    changed = {"tests": (), "by_test": False, "doubt": "of_another_process", "runners": rest}
    return result.model_copy(update=changed)


def _as_ended_early(result: CheckResult, base: Iterable[CheckResult]) -> CheckResult:
    # Code under test may end the process with 0 before its runner has counted the tests.
    if not result.passed:
        return result
    ended = find_summaries(strip_colours(result.output))
    for before in base:
        runner = last_to_end(strip_colours(before.output))
        # A report shows that its runner came to its end.
        reporting = result.runners or (REPORTING if result.by_test else ())
        if result.doubt == "unreadable":
            reporting = (*reporting, *GATHERED)
        missed = {runner, *before.runners} - {"", *ended, *reporting}
        if missed:
            return result.model_copy(update={"cannot_run": ended_early(min(missed))})
    return result
