"""Folds the attempts of a check on one tree, and compares two trees test by test."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentproxy.events.check import CheckResult, Outcome, TestResult
from agentproxy.evidence.reports.test_ids import file_of, is_changed, is_whole_file

SideStatus = Literal["passes", "fails", "cannot_run", "flaky"]


def status_of(result: CheckResult) -> SideStatus:
    if result.cannot_run or result.ending != "exited" or result.exit_code is None:
        return "cannot_run"
    # A command can hide a failed test behind exit code 0, as `pytest || true` does.
    if result.exit_code != 0 or (result.by_test and result.count("failed")):
        return "fails"
    if result.doubt == "hides_failures":
        return "fails"
    return "passes"


@dataclass(frozen=True, slots=True)
class Side:
    """All attempts on one tree. `outcomes` holds the tests that had one outcome in all attempts."""

    attempts: tuple[CheckResult, ...]
    status: SideStatus
    by_test: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    flaky: frozenset[str] = frozenset()
    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])

    def names_of(self, *outcomes: Outcome) -> set[str]:
        return {name for name, outcome in self.outcomes.items() if outcome in outcomes}

    @property
    def last(self) -> CheckResult | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def fails_beside_its_tests(self) -> bool:
        # A coverage threshold, a crash or a second tool can fail although every test passes.
        return any(
            status_of(result) == "fails" and not (result.by_test and result.count("failed"))
            for result in self.attempts
        )


def whole(attempts: Sequence[CheckResult]) -> list[CheckResult]:
    """Those that left no test out."""
    return [each for each in attempts if not each.left_out]


def fold_attempts(attempts: Sequence[CheckResult]) -> Side:
    """Combines the attempts on one tree. A test with two outcomes is flaky.

    An attempt that left out files says nothing of them, and nothing at all beside two whole ones.
    """
    ran_whole = whole(attempts)
    if len(ran_whole) > 1:
        attempts = ran_whole
    elif ran_whole:
        attempts = [_completed(each, ran_whole[0]) for each in attempts]
    statuses: set[SideStatus] = {status_of(result) for result in attempts}
    naming = [result for result in attempts if result.by_test]
    by_name: list[dict[str, TestResult]] = [
        {test.name: test for test in result.tests} for result in naming
    ]
    outcomes, flaky = _steady_and_flaky(by_name)
    return Side(
        attempts=tuple(attempts),
        status=_status_of_all(statuses),
        by_test=bool(naming) and len(naming) == len(attempts) and "cannot_run" not in statuses,
        outcomes=outcomes,
        flaky=flaky,
        tests={name: test for tests in by_name for name, test in tests.items()},
    )


def _steady_and_flaky(
    by_name: Sequence[Mapping[str, TestResult]],
) -> tuple[dict[str, Outcome], frozenset[str]]:
    """Returns the tests with one outcome in all attempts, and the others."""
    first, *others = by_name or [{}]
    steady: dict[str, Outcome] = {name: test.outcome for name, test in first.items()}
    if not others:
        return steady, frozenset()
    # A test that one attempt does not name is flaky.
    flaky = {
        name
        for tests in others
        for name in tests.keys() | first.keys()
        if name not in first or name not in tests or tests[name].outcome != steady[name]
    }
    return {name: outcome for name, outcome in steady.items() if name not in flaky}, frozenset(
        flaky
    )


def _completed(attempt: CheckResult, first: CheckResult) -> CheckResult:
    """An attempt together with what the first one said of the files that it left out."""
    if not attempt.left_out:
        return attempt
    left_out = set(attempt.left_out)
    rest = tuple(test for test in first.tests if file_of(test.name) in left_out)
    fails = any(test.outcome == "failed" for test in rest)
    code = first.exit_code if fails and attempt.exit_code == 0 else attempt.exit_code
    return attempt.model_copy(update={"tests": (*attempt.tests, *rest), "exit_code": code})


def _status_of_all(statuses: set[SideStatus]) -> SideStatus:
    if len(statuses) > 1:
        return "flaky"
    return statuses.copy().pop() if statuses else "cannot_run"


@dataclass(frozen=True, slots=True)
class Delta:
    """How the tests of two trees differ. No test name is in two of the sets."""

    fixed: frozenset[str]
    regressed: frozenset[str]
    # Missing, skipped or expected to fail at the claim: `removed` passed at the base, `hidden`
    # failed there.
    removed: frozenset[str]
    hidden: frozenset[str]
    still_failing: frozenset[str]
    # Neither passed nor failed at the base.
    new_failures: frozenset[str]
    flaky: frozenset[str]


def compare(base: Side, claim: Side, *, changed: Collection[str] = ()) -> Delta:
    """Compares the tests of the claim with those of the base; `changed` holds the claim's paths."""
    flaky = base.flaky | claim.flaky
    failed, passed = base.names_of("failed") - flaky, base.names_of("passed") - flaky
    fails = claim.names_of("failed") - flaky
    passes = (claim.names_of("passed") | _with_the_same_skip(base, claim)) - flaky
    unloaded = {name for name in fails if is_whole_file(name)}
    absent = {name for name in failed | passed if name not in claim.outcomes}
    # A file that cannot be loaded reports one failure and none of its tests.
    in_unloaded = {name for name in absent if file_of(name) in unloaded}
    # Files that could not be loaded at the base, and can be loaded at the claim.
    files = {name for name in failed if is_whole_file(name)} - fails
    fails_in_files = {name for name in fails if file_of(name) in files}
    partly_loaded = {file_of(name) for name in fails_in_files}
    loaded = _files_with_passes(files - partly_loaded, passes - passed, changed)
    # A file also fails as a whole for a hook after its tests, which pass all the same.
    kept = {file_of(name) for name in passed & passes} - {""}
    fixed = (failed & passes) | loaded | (files & kept - partly_loaded)
    in_hooks = (unloaded & kept) - failed - {file_of(name) for name in in_unloaded}
    return Delta(
        fixed=frozenset(fixed),
        regressed=frozenset((passed & (fails | in_unloaded)) | in_hooks),
        removed=frozenset(passed - fails - passes - in_unloaded),
        hidden=frozenset(failed - fails - fixed - in_unloaded - partly_loaded),
        still_failing=frozenset((failed & (fails | in_unloaded)) | fails_in_files),
        new_failures=frozenset(fails - failed - passed - fails_in_files - in_hooks),
        flaky=flaky,
    )


def _with_the_same_skip(base: Side, claim: Side) -> set[str]:
    """Returns the skipped tests that failed at the base beside a subtest with the same skip."""
    # A test passes whose subtests all pass or are skipped, and pytest calls it skipped.
    both = base.names_of("failed") & claim.names_of("skipped")
    return {name for name in both if base.tests[name].skipped_part == claim.tests[name].message}


def _files_with_passes(files: set[str], passes: set[str], changed: Collection[str]) -> set[str]:
    with_passes = {file_of(name) for name in passes}
    # Names without a file cannot say which file they are in. Then any new pass counts, except
    # for a file that the claim changes.
    return {
        file
        for file in files
        if file in with_passes or ("" in with_passes and not is_changed(file, changed))
    }
