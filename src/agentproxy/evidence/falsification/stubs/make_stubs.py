"""Makes stubs in a process of its own, since parsers read source that anybody may have written.

Reads a `StubRequest` as JSON from standard input, and writes `StubAnswers` as JSON.
"""

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import get_args

from agentproxy.evidence.falsification.stubs.parsers import (
    PARSER_FAULTS,
    limit_parser,
    parser_of,
    restore_names,
)
from agentproxy.evidence.falsification.stubs.stub_request import StubAnswer, StubAnswers, StubFile
from agentproxy.evidence.falsification.stubs.stubs import FindFunctions, NewBody, stub_functions


def main() -> None:
    """Answers one request."""
    limit_parser()
    request = json.load(sys.stdin.buffer)
    answers = make_stubs([StubFile(**file) for file in request["files"]])
    json.dump({new: asdict(answer) for new, answer in answers.items()}, sys.stdout)


def make_stubs(files: Sequence[StubFile]) -> StubAnswers:
    """The stubs of all files, for each kind of new body."""
    # Both kinds read the same text.
    parsers = {file.path: cache(parser_of(file.path)) for file in files}
    return {new: _stubs(files, parsers, new=new) for new in get_args(NewBody)}


def _stubs(
    files: Sequence[StubFile], parsers: Mapping[str, FindFunctions], *, new: NewBody
) -> StubAnswer:
    stubbed: dict[str, str] = {}
    failed: dict[str, str] = {}
    functions: list[str] = []
    resigned: list[str] = []
    for file in files:
        find_functions = parsers[file.path]
        before, after = base64.b64decode(file.before), base64.b64decode(file.after)
        try:
            made = stub_functions(before, after, new=new, find_functions=find_functions)
            text = restore_names(file.path, before, made.text)
            find_functions(text)
        except PARSER_FAULTS as error:
            failed[file.path] = str(error)[:200]
        else:
            stubbed[file.path] = base64.b64encode(text).decode()
            functions += made.functions
            resigned += made.resigned
    return StubAnswer(stubbed, failed, tuple(functions), tuple(resigned))


if __name__ == "__main__":
    main()
