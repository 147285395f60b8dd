"""A check on one tree, folded over its attempts; and what differs between two trees."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentproxy.events.check import CheckResult, Outcome, TestResult
from agentproxy.evidence.test_ids import file_of, is_changed, is_whole_file

SideStatus = Literal["passes", "fails", "cannot", "flaky"]


def status_of(result: CheckResult) -> SideStatus:
    """What one attempt says: a failed test counts even where the command hides it by its exit."""
    if result.cannot_run or result.ending != "exited" or result.exit_code is None:
        return "cannot"
    if result.exit_code != 0 or (result.by_test and result.count("failed")):
        return "fails"
    return "passes"


@dataclass(frozen=True, slots=True)
class Side:
    """All attempts on one tree. `outcomes` holds the tests that ended alike in every attempt."""

    attempts: tuple[CheckResult, ...]
    status: SideStatus
    by_test: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    flaky: frozenset[str] = frozenset()
    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])

    def named(self, *outcomes: Outcome) -> set[str]:
        """The tests that always ended in one of these ways."""
        return {name for name, outcome in self.outcomes.items() if outcome in outcomes}

    @property
    def last(self) -> CheckResult | None:
        """The latest attempt, or None where there was none."""
        return self.attempts[-1] if self.attempts else None

    @property
    def fails_beside_its_tests(self) -> bool:
        """Whether an attempt failed though no test did: a threshold, a crash, another tool."""
        return any(
            status_of(result) == "fails" and not (result.by_test and result.count("failed"))
            for result in self.attempts
        )


def fold_attempts(attempts: Sequence[CheckResult]) -> Side:
    """Bring the attempts on one tree together; tests with two outcomes are flaky."""
    statuses: set[SideStatus] = {status_of(result) for result in attempts}
    named = [result for result in attempts if result.by_test]
    by_name: list[dict[str, TestResult]] = [
        {test.name: test for test in result.tests} for result in named
    ]
    seen: dict[str, set[Outcome | None]] = {}
    for name in {name for tests in by_name for name in tests}:
        seen[name] = {tests[name].outcome if name in tests else None for tests in by_name}
    return Side(
        attempts=tuple(attempts),
        status=_together(statuses),
        by_test=bool(named) and len(named) == len(attempts) and "cannot" not in statuses,
        outcomes={
            name: outcome
            for name, outcomes in seen.items()
            if len(outcomes) == 1 and (outcome := next(iter(outcomes))) is not None
        },
        flaky=frozenset(name for name, outcomes in seen.items() if len(outcomes) > 1),
        tests={name: test for tests in by_name for name, test in tests.items()},
    )


def _together(statuses: set[SideStatus]) -> SideStatus:
    if len(statuses) > 1:
        return "flaky"
    return statuses.copy().pop() if statuses else "cannot"


@dataclass(frozen=True, slots=True)
class Delta:
    """How the tests of two trees differ; every set holds names, and no name is in two.

    `gone` passed at the base and now is missing, skipped or expected to fail; `hidden` failed
    there and is one of these now; `broke` passed or was not there, failing now respectively as
    `regressed` and `fresh`.
    """

    fixed: frozenset[str]
    regressed: frozenset[str]
    removed: frozenset[str]
    hidden: frozenset[str]
    still_failing: frozenset[str]
    new_failures: frozenset[str]
    flaky: frozenset[str]


def compare(base: Side, claim: Side, *, changed: Collection[str] = ()) -> Delta:
    """Set the tests of the claim against those of the base.

    A file that cannot be loaded takes all its tests with it; it is fixed when tests of it pass.
    """
    flaky = base.flaky | claim.flaky
    red, green = base.named("failed") - flaky, base.named("passed") - flaky
    fails, passes = claim.named("failed") - flaky, claim.named("passed") - flaky
    unloaded = {name for name in fails if is_whole_file(name)}
    lost = {name for name in red | green if name not in claim.outcomes}
    taken = {name for name in lost if file_of(name) in unloaded}
    files = {name for name in red if is_whole_file(name)} - fails
    within = {name for name in fails if file_of(name) in files}
    partly = {file_of(name) for name in within}
    loads = _loads(files - partly, passes - green, changed)
    fixed = (red & passes) | loads
    return Delta(
        fixed=frozenset(fixed),
        regressed=frozenset(green & (fails | taken)),
        removed=frozenset(green - fails - passes - taken),
        hidden=frozenset(red - fails - fixed - taken - partly),
        still_failing=frozenset((red & (fails | taken)) | within),
        new_failures=frozenset(fails - red - green - within),
        flaky=flaky,
    )


def _loads(files: set[str], passes: set[str], changed: Collection[str]) -> set[str]:
    """The files that now load: their tests pass, or new ones do where names carry no file."""
    homes = {file_of(name) for name in passes}
    return {
        file for file in files if file in homes or ("" in homes and not is_changed(file, changed))
    }
