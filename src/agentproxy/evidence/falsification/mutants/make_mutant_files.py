"""Has mutants made of the code that a claim's tests are about, in a process of its own."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.evidence.falsification.mutants.mutant_request import (
    CodeFile,
    MutantAnswer,
    MutantEdit,
    MutantRequest,
)
from agentproxy.evidence.falsification.stubs.ask_parser import DID_NOT_END, ask_parser
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.stubs.stub_request import StubFile
from agentproxy.workspace.trees.variants import Versions

NO_CODE = "no function of the project was found that they are about"


@dataclass(frozen=True, slots=True)
class MutantFiles:
    """The mutants with the content of the file that each is in; `unread` says why there are none.

    `tests` are the test functions that the claim changes.
    """

    mutants: Sequence[tuple[MutantEdit, bytes]] = ()
    tests: tuple[str, ...] = ()
    unread: str = ""


def make_mutant_files(
    code: Mapping[str, bytes], tests: Mapping[str, Versions], *, task: str
) -> MutantFiles:
    """Mutants of the code that the tests are about. Blocking; never raises for what is in files."""
    return _ask(_request(code, tests, task), code)


def make_change_mutants(changes: Mapping[str, Versions]) -> MutantFiles:
    """The changes of a claim's code put back one by one, and faults in the changed lines."""
    code = {
        path: each.after
        for path, each in changes.items()
        if each.after is not None and language_of(path)
    }
    if not code:
        return MutantFiles(unread=NO_CODE)
    files = [
        StubFile(path=path, before=_encode(changes[path].before), after=_encode(text))
        for path, text in code.items()
    ]
    return _ask(MutantRequest(task="", changes=tuple(files), code=(), tests=()), code)


def _request(code: Mapping[str, bytes], tests: Mapping[str, Versions], task: str) -> MutantRequest:
    return MutantRequest(
        task=task,
        code=tuple(CodeFile(path=path, text=_encode(text)) for path, text in code.items()),
        tests=tuple(
            StubFile(path=path, before=_encode(each.before), after=_encode(each.after))
            for path, each in tests.items()
            if each.after is not None and language_of(path)
        ),
    )


def _ask(request: MutantRequest, code: Mapping[str, bytes]) -> MutantFiles:
    answer = ask_parser("falsification.mutants.make_mutants", request, answer=MutantAnswer)
    if answer is None:
        return MutantFiles(unread=DID_NOT_END)
    unread = "" if answer.mutants else next(iter(answer.failed.values()), NO_CODE)
    made = [(edit, _apply(edit, code[edit.path])) for edit in answer.mutants]
    return MutantFiles(made, answer.tests, unread)


def _encode(text: bytes | None) -> str:
    return base64.b64encode(text or b"").decode()


def _apply(edit: MutantEdit, source: bytes) -> bytes:
    return source[: edit.start] + base64.b64decode(edit.new) + source[edit.end :]
