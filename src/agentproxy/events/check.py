"""What the supervisor ran, and what it saw."""

from typing import Literal

from pydantic import model_serializer, model_validator

from agentproxy.events.envelope import Fact, FrozenModel

Outcome = Literal["passed", "failed", "skipped", "xfailed"]
ProcessEnding = Literal["exited", "timed_out", "not_started"]
CannotRunKind = Literal[
    "missing_module",
    "missing_command",
    "not_executable",
    "syntax_error",
    "unusable_arguments",
    "refused_connection",
    "name_does_not_resolve",
    "network_unreachable",
    "read_only_path",
    "no_docker",
    "nothing_collected",
    "timed_out",
    "too_much_output",
    "stopped",
    "not_started",
    "prepare_failed",
    "not_isolated",
]


class Tree(FrozenModel):
    """Which tree something ran on: the base, the claim of a round, or that claim with the base's
    own tests and settings put back ("restored").

    In JSON it is its key: "base", "claim:2", "restored:2".
    """

    kind: Literal["base", "claim", "restored"]
    round: int = 0

    @property
    def key(self) -> str:
        """Its short form, in JSON and in the ids of effects."""
        return f"{self.kind}:{self.round}" if self.round else self.kind

    @model_validator(mode="before")
    @classmethod
    def _from_key(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        kind, _, number = value.partition(":")
        return {"kind": kind, "round": number or 0}

    @model_serializer
    def _as_key(self) -> str:
        return self.key

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


class CannotRun(FrozenModel):
    """Why a check could not do its work at all: `text` for a person, `kind` and `subject` for code.

    `subject` is what is missing or at fault (a module, a command), "" where nothing is named.
    """

    kind: CannotRunKind
    text: str
    subject: str = ""


class CheckResult(FrozenModel):
    """One run of one check.

    `tests` is empty where the runner names none; then the exit code judges (`by_test` is false).
    `cannot_run` is None where the check could do its work, well or badly.
    `output` is the bounded, redacted head and tail; `digest` the sha256 of all bytes printed.
    """

    exit_code: int | None
    ending: ProcessEnding
    seconds: float
    tests: tuple[TestResult, ...] = ()
    by_test: bool = False
    cannot_run: CannotRun | None = None
    output: str = ""
    output_bytes: int = 0
    digest: str = ""

    @property
    def passed(self) -> bool:
        """Whether the command itself said yes."""
        return self.exit_code == 0 and self.cannot_run is None

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
