"""What the supervisor ran, and what it saw."""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

Outcome = Literal["passed", "failed", "skipped", "xfailed"]
ProcessEnding = Literal["exited", "timed_out", "not_started"]


class Tree(FrozenModel):
    """Which tree something ran on: the base, the claim of a round, or that claim with the base's
    own tests and settings put back ("restored").
    """

    kind: Literal["base", "claim", "restored"]
    round: int = 0

    @property
    def key(self) -> str:
        """Its short form in the ids of effects."""
        return f"{self.kind}:{self.round}" if self.round else self.kind

    def __hash__(self) -> int:
        return hash((self.kind, self.round))

    def __str__(self) -> str:
        """Its form for people."""
        if self.kind == "base":
            return "the base"
        restored = " with the base's tests" if self.kind == "restored" else ""
        return f"claim {self.round}{restored}"


BASE = Tree(kind="base")


def claim_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    """The claim of a round."""
    return Tree(kind="claim", round=round)


def restored_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    """The claim of a round with the base's tests."""
    return Tree(kind="restored", round=round)


class TestResult(FrozenModel):
    """One test by its runner's own name. `place` is `file:line` where the runner tells it."""

    __test__ = False  # pytest would collect the class by its name

    name: str
    outcome: Outcome
    message: str = ""
    place: str = ""


class CheckResult(FrozenModel):
    """One run of one check.

    `tests` is empty where the runner names none; then the exit code judges (`by_test` is false).
    `cannot_run` says why the check could not do its work at all, and is empty when it could.
    `output` is the bounded, redacted head and tail; `digest` the sha256 of all bytes printed.
    """

    exit_code: int | None
    ending: ProcessEnding
    seconds: float
    tests: tuple[TestResult, ...] = ()
    by_test: bool = False
    cannot_run: str = ""
    output: str = ""
    output_bytes: int = 0
    digest: str = ""

    @property
    def passed(self) -> bool:
        """Whether the command itself said yes."""
        return self.exit_code == 0 and not self.cannot_run

    def count(self, outcome: Outcome) -> int:
        """How many tests ended so."""
        return sum(test.outcome == outcome for test in self.tests)


class CheckStarted(Fact):
    """A check is about to run. `attempt` counts from 1 for each tree."""

    kind: Literal["check_started"] = "check_started"
    check: str
    on: Tree
    attempt: int = 1


class CheckFinished(Fact):
    """A check has run, and this came out."""

    kind: Literal["check_finished"] = "check_finished"
    check: str
    on: Tree
    attempt: int = 1
    result: CheckResult
