"""Has stubs made of the changed files of a claim, in a process of its own."""

import base64
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from agentproxy.evidence.falsification.stub_request import (
    StubAnswer,
    StubFile,
    StubRequest,
    language_of,
)
from agentproxy.evidence.falsification.stubs import NewBody
from agentproxy.workspace.trees.variants import Versions

SECONDS = 60.0
UNREAD = "the file is too large to be parsed, or is a link"
NO_PARSER = "no stubs are made of this kind of file"


@dataclass(frozen=True, slots=True)
class StubFiles:
    """The files with stubs in them; `failed` says why others have none."""

    contents: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    functions: tuple[str, ...] = ()
    resigned: tuple[str, ...] = ()


def make_stub_files(versions: Mapping[str, Versions], *, new: NewBody) -> StubFiles:
    """Stubs of the files that the claim has and changed. Blocking; never raises for what is in
    the files.
    """
    failed: dict[str, str] = {}
    files: list[StubFile] = []
    for path, version in versions.items():
        if version.opaque:
            failed[path] = UNREAD
            continue
        if version.after is None:
            continue  # the claim took it away, so that there is nothing to stub
        if language_of(path) is None:
            failed[path] = NO_PARSER
        else:
            sides = [base64.b64encode(side or b"").decode() for side in _sides(version)]
            files.append(StubFile(path=path, before=sides[0], after=sides[1]))
    if not files:
        return StubFiles(failed=failed)
    answer = _ask(StubRequest(files=tuple(files), new=new))
    contents = {path: base64.b64decode(text) for path, text in answer.stubbed.items()}
    changed = {path: text for path, text in contents.items() if text != versions[path].after}
    return StubFiles(changed, {**failed, **answer.failed}, answer.functions, answer.resigned)


def _sides(version: Versions) -> tuple[bytes | None, bytes | None]:
    return version.before, version.after


def _ask(request: StubRequest) -> StubAnswer:
    command = (sys.executable, "-I", "-m", "agentproxy.evidence.falsification.make_stubs")
    try:
        done = subprocess.run(
            command,
            input=request.model_dump_json().encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
            start_new_session=True,
        )
        return StubAnswer.model_validate_json(done.stdout)
    except (OSError, subprocess.SubprocessError, ValidationError):
        why = "the parser did not come to an end"
        return StubAnswer(failed={file.path: why for file in request.files})
