"""What is asked of the process that makes mutants, and what it answers."""

from pydantic import Field

from agentproxy.events.envelope import FrozenModel
from agentproxy.events.mutants import MutantKind
from agentproxy.evidence.falsification.stubs.stub_request import StubFile


class CodeFile(FrozenModel):
    """A file that may hold the code under test; its text is base64."""

    path: str
    text: str


class MutantRequest(FrozenModel):
    """Candidates for the code under test, and the test files that the claim adds or changes.

    Where there are `changes` of the code, the mutants are of these.
    """

    task: str
    changes: tuple[StubFile, ...] = ()
    code: tuple[CodeFile, ...]
    tests: tuple[StubFile, ...]


class MutantEdit(FrozenModel):
    """One mutant, as bytes that are replaced in a file; `new` is base64."""

    path: str
    function: str
    about: str
    kind: MutantKind
    line: int
    text: str
    start: int
    end: int
    new: str


class MutantAnswer(FrozenModel):
    """The mutants in the order in which to try them. `tests` are test functions that changed, as
    `file::function`; `failed` says why a file has no mutants.
    """

    mutants: tuple[MutantEdit, ...] = ()
    tests: tuple[str, ...] = ()
    failed: dict[str, str] = Field(default_factory=dict)
