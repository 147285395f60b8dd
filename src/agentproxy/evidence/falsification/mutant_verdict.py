"""What the mutants of the code under test say of a claim of tests alone. Pure.

Its tests are its product: nothing can be taken away to see whether they need it. They must notice
by an assertion something in each thing that the task names, and at least half of all mutants.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentproxy.events.check import CheckResult
from agentproxy.events.mutants import Mutant
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.check_evidence import Mutants
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.falsification.claims_tests import find_new_tests, passing
from agentproxy.evidence.falsification.mutant_text import (
    name_unneeded,
    proven_by_mutants,
    some_survive,
    too_few_ran,
)
from agentproxy.evidence.falsification.trial_text import (
    fails_alone,
    not_run_by_check,
    tests_only,
)

ENOUGH = 6  # mutants that were tried, where there was no time for half of them


@dataclass(frozen=True, slots=True)
class Count:
    """What the tests said of the mutants. One that fails in another way than by an assertion, or
    does not end, is neither noticed nor a survivor: a test that only calls fails there as well.
    """

    noticed: Sequence[Mutant]
    survivors: Sequence[Mutant]
    tried: int
    of: int

    @property
    def missed(self) -> Sequence[str]:
        """What the task names, and no test checks."""
        seen = {each.about for each in self.noticed}
        return sorted({each.about for each in self.survivors} - seen - {""})

    @property
    def is_enough(self) -> bool:
        most = len(self.noticed) >= len(self.survivors)
        return bool(self.noticed) and most and not self.missed


def judge_by_mutants(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """Proven where the new tests of a claim notice the faults; else it names those they miss."""
    mutants, trials = comparison.evidence.mutants, comparison.evidence.trials
    files = trials.tests if trials else ()
    if mutants is None:
        return tests_only(comparison, verdict, why="")
    names = find_new_tests(comparison, files, mutants.tests)
    if not names:
        return not_run_by_check(comparison, verdict, files)
    if not mutants.all:
        return tests_only(comparison, verdict, why=mutants.unread)
    control = trials.results.get("control") if trials else None
    if control is not None and not names & passing(control):
        return fails_alone(comparison, verdict, names)
    return _judge(mutants, verdict, names & passing(control) if control else names)


def _judge(mutants: Mutants, verdict: CheckVerdict, names: frozenset[str]) -> CheckVerdict:
    count = _count(mutants, names)
    if count.tried < min(ENOUGH, (count.of + 1) // 2):
        return too_few_ran(verdict, tried=count.tried, of=count.of)
    if not count.is_enough:
        return some_survive(verdict, count.survivors, noticed=count.noticed, missed=count.missed)
    return proven_by_mutants(verdict, names, count.survivors, noticed=count.noticed)


def lacks_control(comparison: Comparison) -> bool:
    """Whether the tests notice faults, and nobody saw that they pass without one where they run in
    the same way.
    """
    mutants, trials = comparison.evidence.mutants, comparison.evidence.trials
    if mutants is None or trials is None or "control" not in trials.variants:
        return False
    if "control" in trials.results or not any(r.left_out for r in mutants.results.values()):
        return False
    names = find_new_tests(comparison, trials.tests, mutants.tests)
    return _count(mutants, names).is_enough


def with_unneeded(
    comparison: Comparison, proven: CheckVerdict, names: frozenset[str]
) -> CheckVerdict:
    """What is proven, with the changes that no test of the claim needs. They decide nothing."""
    mutants = comparison.evidence.mutants
    if mutants is None:
        return proven
    by_test = comparison.claim.by_test
    unneeded = [
        mutant
        for mutant in mutants.all
        if (result := mutants.results.get(mutant.number)) is not None
        and (_said(result, names) == "survives" if by_test else result.passed)
    ]
    return name_unneeded(proven, unneeded) if unneeded else proven


def _count(mutants: Mutants, names: Iterable[str]) -> Count:
    said = [
        (mutant, _said(mutants.results[mutant.number], frozenset(names)))
        for mutant in mutants.all
        if mutant.number in mutants.results
    ]
    return Count(
        noticed=[mutant for mutant, word in said if word == "noticed"],
        survivors=[mutant for mutant, word in said if word == "survives"],
        tried=len(said),
        of=len(mutants.all),
    )


def _said(result: CheckResult, names: frozenset[str]) -> str:
    if result.ending != "exited":
        return ""
    own = [test for test in result.tests if test.name in names]
    if any(test.outcome == "failed" and test.by_assertion for test in own):
        return "noticed"
    passed = {test.name for test in own if test.outcome == "passed"}
    return "survives" if names <= passed else ""
