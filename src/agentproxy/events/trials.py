"""Trials of a claim: variants of it that a good test of its change does not pass."""

from typing import Literal

from pydantic import Field

from agentproxy.events.check import TrialKind
from agentproxy.events.envelope import Fact, FrozenModel

DoubtKind = Literal[
    "destroys",
    "adds_secret",
    "replaces_change",
    "does_not_parse",
    "mostly_removed",
    "never_awaited",
    "only_tests_use",
    "answers_tests",
    "ignores_input",
    "shadows_module",
    "left_out",
    "not_seen",
    "reads_code",
    "knows_tests",
]


class TrialTree(FrozenModel):
    """A variant of a claim as a commit of ours, kept under a ref of ours."""

    commit: str
    tree: str


class Doubt(FrozenModel):
    """What speaks against a claim although its checks prove it; it never accuses."""

    kind: DoubtKind
    path: str
    text: str


class ClaimExamined(Fact):
    """The changed files of a claim were read for what speaks against it.

    `clock_library` is the path of libfaketime where the files mention the clock and it is there.
    """

    kind: Literal["claim_examined"] = "claim_examined"
    round: int
    doubts: tuple[Doubt, ...] = ()
    clock_library: str = ""
    looks: int = 1  # which facts were looked for: a later version looks for more


class TrialsPrepared(Fact):
    """The variants of the claim of a round were written.

    `code` are the changed paths that are not tests, `tests` the test files that the claim adds or
    changes. `stubbed` are the files with stubs in them, and `unstubbed` says why others of the
    code have none. `reads` says whether a new line of a test reads files or starts programs, which
    may look at the code. A variant that would equal the claim is not in `trees`. `doubts` are those
    that need to know which functions changed; the others are in `ClaimExamined`.
    """

    kind: Literal["trials_prepared"] = "trials_prepared"
    round: int
    trees: dict[TrialKind, TrialTree] = Field(default_factory=dict[TrialKind, TrialTree])
    code: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    stubbed: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    resigned: tuple[str, ...] = ()
    unstubbed: dict[str, str] = Field(default_factory=dict)
    reads: bool = False
