"""What the supervisor ran, and the results."""

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
    "other_file_system",
    "no_docker",
    "no_namespaces",
    "no_privileges",
    "needs_download",
    "wrong_tool_version",
    "nothing_collected",
    "ended_early",
    "timed_out",
    "too_much_output",
    "stopped",
    "not_started",
    "prepare_failed",
    "not_isolated",
    "other_checkout",
    "ignored_file",
    "not_shown",
]
# Why a report of tests does not count, so that the exit code decides.
ReportDoubt = Literal[
    "hides_failures",
    "unreadable",
    "several_runs",
    "output_cut",
    "of_another_process",
    "other_totals",
    "no_totals",
    "ended_early",
    "missing_files",
    "not_built",
]

TreeKind = Literal[
    "base",
    "claim",
    "restored",
    "without",
    "stub",
    "raising",
    "control",
    "mutant",
    "merged",
    "target",
    "later",
]
TrialKind = Literal["without", "stub", "raising", "control"]

_DOUBT_TEXT: dict[ReportDoubt, str] = {
    "hides_failures": "its runner counts more failures than its report holds",
    "unreadable": "its report cannot be read",
    "several_runs": "its runner ran more often than there are reports",
    "of_another_process": "the report is of a runner that a test has started",
    "other_totals": "its runner counts other tests than its report",
    "ended_early": "its runner ended before it had counted its tests",
    "no_totals": "its runner does not say how many tests ran",
    "missing_files": "test files that were to run are not in its report",
    "not_built": "a package of it could not be built, so its tests have no names",
    "output_cut": "its output is too long to tell whether its runner ran once",
}
_TREE_TEXT: dict[TreeKind, str] = {
    "base": "the base",
    "claim": "claim {}",
    "restored": "claim {} with the base's tests",
    "without": "claim {} without its change of the code",
    "stub": "claim {} with stubs",
    "raising": "claim {} with stubs that raise",
    "control": "claim {}, run as its variants are",
    "mutant": "claim {} with mutant {}",
    "merged": "claim {} merged with where its branch stands",
    "target": "where the branch of claim {} stands",
    "later": "claim {} at another date",
}


class Tree(FrozenModel):
    """The tree that a check ran on. In JSON it is its key: "base", "claim:2", "mutant:2:1"."""

    # "restored" is a claim with the tests and settings of the base. The next three are trials,
    # which a good test of the claim does not pass: "without" has the code of the base, in "stub"
    # changed functions do what they did at the base or nothing, in "raising" new ones raise. A good
    # test passes on "control", which is the claim, run as those are. A "mutant" has one fault in
    # the code, and a number. "merged" is a claim with what its branch has got meanwhile, and
    # "target" that branch alone. "later" is a claim at another date.
    kind: TreeKind
    round: int = 0
    number: int = 0

    @property
    def key(self) -> str:
        """The short form, in JSON and in effect ids."""
        numbers = [f":{each}" for each in (self.round, self.number) if each]
        return "".join([self.kind, *numbers])

    @model_validator(mode="before")
    @classmethod
    def _from_key(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        kind, *numbers = value.split(":", 2)
        return {"kind": kind, **dict(zip(("round", "number"), filter(None, numbers), strict=False))}

    @model_serializer
    def _as_key(self) -> str:
        return self.key

    def __hash__(self) -> int:
        return hash((self.kind, self.round, self.number))

    def __str__(self) -> str:
        return _TREE_TEXT[self.kind].format(self.round, self.number)


BASE = Tree(kind="base")


def claim_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    return Tree(kind="claim", round=round)


def restored_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    return Tree(kind="restored", round=round)


def trial_tree(kind: TrialKind, round: int) -> Tree:  # noqa: A002 - the field's own name
    """The claim of a round without its change, or with stubs of it."""
    return Tree(kind=kind, round=round)


def mutant_tree(round: int, number: int) -> Tree:  # noqa: A002 - the field's own name
    return Tree(kind="mutant", round=round, number=number)


def merged_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    return Tree(kind="merged", round=round)


def target_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    return Tree(kind="target", round=round)


def later_tree(round: int) -> Tree:  # noqa: A002 - the field's own name
    return Tree(kind="later", round=round)


class TestResult(FrozenModel):
    """The result of one test, by the name that its runner uses."""

    __test__ = False  # pytest would collect the class by its name

    name: str
    outcome: Outcome
    message: str = ""
    place: str = ""  # `file:line`, where the runner reports it
    by_assertion: bool = False  # a value was wrong; no name was missing, no call failed
    # Why a part of a test that failed was skipped, None where no part was.
    skipped_part: str | None = None


class CannotRun(FrozenModel):
    """Why a check could not do its work."""

    kind: CannotRunKind
    text: str  # for a person
    subject: str = ""  # what is missing or at fault: a module, a command


class CheckResult(FrozenModel):
    """The result of one run of a check."""

    exit_code: int | None
    ending: ProcessEnding
    seconds: float
    tests: tuple[TestResult, ...] = ()  # empty where the runner names no tests
    by_test: bool = False  # where false, the exit code decides
    runners: tuple[str, ...] = ()  # those that wrote a report
    doubt: ReportDoubt | None = None  # set where there is a report that does not count
    cannot_run: CannotRun | None = None
    left_out: tuple[str, ...] = ()  # test files that it was told not to run
    taken_from: str = ""  # the earlier run that got this result on the same base (decision 21)
    output: str = ""  # head and tail, redacted
    output_bytes: int = 0
    digest: str = ""  # sha256 of all bytes printed

    @property
    def passed(self) -> bool:
        """Whether the check could do its work and its exit code is 0."""
        return self.exit_code == 0 and self.cannot_run is None

    @property
    def doubt_text(self) -> str:
        return _DOUBT_TEXT[self.doubt] if self.doubt else ""

    def count(self, outcome: Outcome) -> int:
        return sum(test.outcome == outcome for test in self.tests)


class CheckStarted(Fact):
    """A check is about to run."""

    kind: Literal["check_started"] = "check_started"
    check: str
    on: Tree
    attempt: int = 1  # counts from 1 for each tree


class CheckFinished(Fact):
    """A check has run."""

    kind: Literal["check_finished"] = "check_finished"
    check: str
    on: Tree
    attempt: int = 1
    result: CheckResult
