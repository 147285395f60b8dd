"""Makes stubs in a process of its own, since parsers read source that anybody may have written.

Reads a `StubRequest` as JSON from standard input, and writes `StubAnswers` as JSON.
"""

import json
import posixpath
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import get_args

from agentproxy.evidence.falsification.stubs.kept_text import with_line_ends_of, with_text_of_claim
from agentproxy.evidence.falsification.stubs.parsers import (
    PARSER_FAULTS,
    find_declared,
    limit_parser,
    parser_of,
    restore_names,
)
from agentproxy.evidence.falsification.stubs.stub_request import (
    StubAnswer,
    StubAnswers,
    StubFile,
    decoded,
    encoded,
)
from agentproxy.evidence.falsification.stubs.stubs import FindFunctions, NewBody, stub_functions


def main() -> None:
    """Answers one request."""
    limit_parser()
    (files,) = json.load(sys.stdin.buffer)
    answers = make_stubs([StubFile(*file) for file in files])
    json.dump(answers, sys.stdout)


def make_stubs(files: Sequence[StubFile]) -> StubAnswers:
    """The stubs of all files, for each kind of new body."""
    # Both kinds read the same text.
    parsers = {file.path: cache(parser_of(file.path)) for file in files}
    files = _with_old_forms(files)
    claim = {file.path: decoded(file.after) for file in files}
    declared = find_declared(claim)
    return {
        new: _stubs(files, parsers, new=new, claim=claim, declared=declared)
        for new in get_args(NewBody)
    }


def _with_old_forms(files: Sequence[StubFile]) -> Sequence[StubFile]:
    if not any(file.path.endswith(".go") for file in files):
        return files
    from agentproxy.evidence.falsification.stubs.go_signatures import rename_old_forms

    try:
        return rename_old_forms(files)
    except PARSER_FAULTS:
        # Each file says for itself what is wrong with it.
        return files


def _stubs(
    files: Sequence[StubFile],
    parsers: Mapping[str, FindFunctions],
    *,
    new: NewBody,
    claim: Mapping[str, bytes],
    declared: Mapping[str, frozenset[str]],
) -> StubAnswer:
    stubbed: dict[str, str] = {}
    failed: dict[str, str] = {}
    functions: list[str] = []
    resigned: list[str] = []
    for file in files:
        find_functions, after = parsers[file.path], claim[file.path]
        try:
            before = decoded(file.before)
            made = stub_functions(before, after, new=new, find_functions=find_functions)
            beside = declared.get(posixpath.dirname(file.path), frozenset())
            text = restore_names(file.path, before, made.text, declared=beside)
            text = with_line_ends_of(after, with_text_of_claim(file.path, text, after))
            find_functions(text)
        except PARSER_FAULTS as error:
            failed[file.path] = str(error)[:200]
        else:
            stubbed[file.path] = encoded(text)
            functions += made.functions
            resigned += made.resigned
    return StubAnswer(stubbed, failed, tuple(functions), tuple(resigned))


if __name__ == "__main__":
    main()
