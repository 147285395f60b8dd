"""Has stubs made of the changed files of a claim, in a process of its own."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from agentproxy.evidence.falsification.stubs.ask_parser import DID_NOT_END, ask_parser
from agentproxy.evidence.falsification.stubs.languages import has_stubs
from agentproxy.evidence.falsification.stubs.stub_request import (
    StubAnswer,
    StubAnswers,
    StubFile,
    StubRequest,
)
from agentproxy.evidence.falsification.stubs.stubs import NewBody
from agentproxy.workspace.trees.variants import Versions

UNREAD = "the file is too large to be parsed, or is a link"
NO_PARSER = "no stubs are made of this kind of file"


@dataclass(frozen=True, slots=True)
class StubFiles:
    """The files with stubs in them; `failed` says why others have none."""

    contents: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    functions: tuple[str, ...] = ()
    resigned: tuple[str, ...] = ()


def make_stub_files(versions: Mapping[str, Versions]) -> Mapping[NewBody, StubFiles]:
    """Stubs of the files that the claim has and changed, by what new functions do in them.
    Blocking; never raises for what is in the files.
    """
    failed: dict[str, str] = {}
    files: list[StubFile] = []
    for path, version in versions.items():
        if version.opaque:
            failed[path] = UNREAD
            continue
        if version.after is None:
            continue  # the claim took it away, so that there is nothing to stub
        if not has_stubs(path):
            failed[path] = NO_PARSER
        else:
            sides = [base64.b64encode(side or b"").decode() for side in _sides(version)]
            files.append(StubFile(path=path, before=sides[0], after=sides[1]))
    answers: StubAnswers | None = {}
    if files:
        request = StubRequest(files=tuple(files))
        answers = ask_parser("falsification.stubs.make_stubs", request, answer=StubAnswers)
    if answers is None:
        failed |= {file.path: DID_NOT_END for file in files}
    return {
        new: _stub_files((answers or {}).get(new, StubAnswer()), versions, failed)
        for new in get_args(NewBody)
    }


def _stub_files(
    answer: StubAnswer, versions: Mapping[str, Versions], failed: Mapping[str, str]
) -> StubFiles:
    contents = {path: base64.b64decode(text) for path, text in answer.stubbed.items()}
    changed = {path: text for path, text in contents.items() if text != versions[path].after}
    return StubFiles(changed, {**failed, **answer.failed}, answer.functions, answer.resigned)


def _sides(version: Versions) -> tuple[bytes | None, bytes | None]:
    return version.before, version.after
