"""The verdict on each check, on each criterion, and on the run."""

from typing import Literal

from pydantic import Field

from agentproxy.events.check import TrialKind
from agentproxy.events.envelope import Fact, FrozenModel

Verdict = Literal["verified", "refuted", "unverified"]
Finding = Literal["proven", "kept", "refuted", "unverified", "neutral"]
ReasonCode = Literal[
    "not_run",
    "cannot_run",
    "cannot_run_at_claim",
    "could_not_run_at_base",
    "newly_failing",
    "still_failing",
    "partly_fixed",
    "nothing_fixed",
    "fixed",
    "tests_removed",
    "flaky",
    "green_before",
    "passes_as_before",
    "environment",
    "own_tests",
    "judge_cites",
    "falsified",
    "done_as_asked",
    "no_test",
    "tests_only",
    "tests_not_run",
    "passes_without_change",
    "result_not_checked",
    "fails_alone",
    "doubtful",
    "red_once_merged",
    "holds_only_now",
    "mutants_noticed",
    "mutants_survive",
]
# Nothing speaks against the claim; what is missing is a proof that it does what it should.
UNPROVEN: frozenset[ReasonCode] = frozenset(
    {
        "green_before",
        "no_test",
        "tests_only",
        "tests_not_run",
        "passes_without_change",
        "result_not_checked",
        "fails_alone",
        "mutants_survive",
    }
)
LACKS_PROOF: frozenset[ReasonCode] = frozenset(
    {*UNPROVEN, "doubtful", "own_tests", "holds_only_now"}
)


class Location(FrozenModel):
    """Where a failure is, for the worker that fixes it."""

    test: str = ""
    where: str = ""
    message: str = ""


class CheckVerdict(FrozenModel):
    """The verdict on one check, base against claim."""

    check: str
    finding: Finding
    # "green_before": it passes, but nobody saw it fail at the base. Nothing else is against it.
    reason_code: ReasonCode
    reason: str
    places: tuple[Location, ...] = ()
    flaky: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    fixable: bool = True  # by a worker; false for example where a server is missing


class CriterionVerdict(FrozenModel):
    """The verdict on one criterion."""

    criterion: str
    verdict: Verdict
    reason: str


class ChecksWeighed(Fact):
    """The verdicts on all checks for the claim of a round, from the results so far."""

    kind: Literal["checks_weighed"] = "checks_weighed"
    round: int
    results: int  # how many were weighed; with more results this fact is out of date
    checks: tuple[CheckVerdict, ...]
    # Checks that must run again on base and claim before they may refute the claim.
    rerun: tuple[str, ...] = ()
    # Check -> tests and settings that the claim changed, on which a proof may depend.
    own_tests: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rerun_whole: tuple[str, ...] = ()  # checks whose second attempts left too much out
    rerun_restored: tuple[str, ...] = ()  # checks that must run again with the tests of the base
    # The variant of the claim that a check must run on next, by check.
    trials: dict[str, TrialKind] = Field(default_factory=dict)
    mutants: tuple[str, ...] = ()  # checks that must run on mutants of the claim
    questions: tuple[str, ...] = ()  # criteria for a judge
    changed_tests: tuple[str, ...] = ()  # old test files that only a judge may excuse

    @property
    def refuted(self) -> bool:
        return any(check.finding == "refuted" for check in self.checks)


class RoundJudged(Fact):
    """The verdict on one claim: by check, by criterion and for the run."""

    kind: Literal["round_judged"] = "round_judged"
    round: int
    verdict: Verdict
    reason: str
    criteria: tuple[CriterionVerdict, ...]
    checks: tuple[CheckVerdict, ...]
    bundle: str = ""  # its digest
