"""What the evidence says of each check, of each criterion, and of the run."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import Fact, FrozenModel

Verdict = Literal["verified", "refuted", "unverified"]
Finding = Literal["proven", "kept", "refuted", "unverified", "neutral"]


class Location(FrozenModel):
    """Where something went wrong: what a worker needs to fix it."""

    test: str = ""
    where: str = ""
    message: str = ""


class CheckVerdict(FrozenModel):
    """What one check says, base against claim, with the reason in a sentence.

    `fixable`: whether a worker can do anything about it (a missing server it cannot fix).
    `green_before`: it passes, but was not seen to fail at the base, which is all that speaks
    against it.
    """

    check: str
    finding: Finding
    reason: str
    places: tuple[Location, ...] = ()
    flaky: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    fixable: bool = True
    green_before: bool = False


class CriterionVerdict(FrozenModel):
    """What became of one criterion."""

    criterion: str
    verdict: Verdict
    reason: str


class ChecksWeighed(Fact):
    """What the results so far say of each check for the claim of a round.

    `results` counts the results that were weighed: with more of them this is out of date. `rerun`
    names checks that must run again on base and claim before they may refute it; `own_tests` the
    tests and settings changed by the claim on which a proof may rest, by check; `rerun_restored`
    the checks that must run again with the base's tests; `questions` the criteria for a judge.
    """

    kind: Literal["checks_weighed"] = "checks_weighed"
    round: int
    results: int
    checks: tuple[CheckVerdict, ...]
    rerun: tuple[str, ...] = ()
    own_tests: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rerun_restored: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def refuted(self) -> bool:
        """Whether any check refutes the claim."""
        return any(check.finding == "refuted" for check in self.checks)


class RoundJudged(Fact):
    """The verdict on one claim: by check, by criterion and for the run; `bundle` is its digest."""

    kind: Literal["round_judged"] = "round_judged"
    round: int
    verdict: Verdict
    reason: str
    criteria: tuple[CriterionVerdict, ...]
    checks: tuple[CheckVerdict, ...]
    bundle: str = ""
