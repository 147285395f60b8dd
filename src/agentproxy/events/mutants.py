"""Mutants of a claim: small faults in code that its tests should notice."""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

MutantKind = Literal[
    "hunk",
    "returns_nothing",
    "comparison",
    "arithmetic",
    "boolean",
    "condition",
    "return_value",
    "constant",
    "dropped_statement",
    "text",
]


class Mutant(FrozenModel):
    """A claim with one fault in it, or with one of its changes put back ("hunk"), as a commit of
    ours, kept under a ref of ours.
    """

    number: int  # counts from 1
    kind: MutantKind
    path: str
    line: int
    function: str
    text: str  # for a person: what became of what
    # What the task names and this is a part of; "" where it names nothing.
    about: str = ""
    commit: str
    tree: str


class MutantsPrepared(Fact):
    """Mutants of the code that the tests of a claim are about, or of what it changes, were written.

    `tests` are the test functions that the claim changes, as `file::function`: a new test is known
    by its name, and an old one in the same file says nothing of the claim. `unread` says why code
    has no mutants.
    """

    kind: Literal["mutants_prepared"] = "mutants_prepared"
    round: int
    mutants: tuple[Mutant, ...] = ()
    tests: tuple[str, ...] = ()
    unread: str = ""
