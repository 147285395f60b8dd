"""Makes stubs in a process of its own, since parsers read source that anybody may have written.

Reads a `StubRequest` as JSON from standard input, and writes `StubAnswers` as JSON.
"""

import json
import posixpath
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar, get_args

from agentproxy.evidence.falsification.stubs.kept_text import with_line_ends_of, with_text_of_claim
from agentproxy.evidence.falsification.stubs.parsers import (
    PARSER_FAULTS,
    find_declared,
    find_old_forms,
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
from agentproxy.evidence.falsification.stubs.stubs import (
    FindFunctions,
    NewBody,
    Stubbed,
    stub_functions,
)

_T = TypeVar("_T")
MAX_ROUNDS = 4  # of looking for old forms that old forms call in other files


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
    failed: dict[str, str] = {}

    def make(file: StubFile) -> Stubbed:
        before, find_functions = decoded(file.before), parsers[file.path]
        return stub_functions(before, claim[file.path], new=new, find_functions=find_functions)

    def finish(file: StubFile) -> str:
        after = claim[file.path]
        text = with_text_of_claim(file.path, texts[file.path], after)
        text = with_line_ends_of(after, text)
        parsers[file.path](text)
        return encoded(text)

    made = _try_each(files, make, failed)
    texts = _restored(
        files, {path: each.text for path, each in made.items()}, declared=declared, failed=failed
    )
    stubbed = _try_each(files, finish, failed)
    functions = tuple(name for path in stubbed for name in made[path].functions)
    resigned = tuple(name for path in stubbed for name in made[path].resigned)
    return StubAnswer(stubbed, failed, functions, resigned)


def _restored(
    files: Sequence[StubFile],
    made: Mapping[str, bytes],
    *,
    declared: Mapping[str, frozenset[str]],
    failed: dict[str, str],
) -> Mapping[str, bytes]:
    """The stubs with what they need of the base. An old form of a function may be declared in
    another file than the one that calls it.
    """
    texts, wanted = made, find_old_forms(made)

    def restore(file: StubFile) -> bytes:
        folder = posixpath.dirname(file.path)
        return restore_names(
            file.path,
            decoded(file.before),
            made[file.path],
            declared=declared.get(folder, frozenset()),
            wanted=wanted.get(folder, frozenset()),
        )

    for _ in range(MAX_ROUNDS):
        texts = _try_each(files, restore, failed)
        called, wanted = wanted, find_old_forms(texts)
        if called == wanted:
            break
    return texts


def _try_each(
    files: Sequence[StubFile], step: Callable[[StubFile], _T], failed: dict[str, str]
) -> dict[str, _T]:
    """What a step gives for each file that has not failed, by path; adds those that fail in it."""
    done: dict[str, _T] = {}
    for file in files:
        if file.path in failed:
            continue
        try:
            done[file.path] = step(file)
        except PARSER_FAULTS as error:
            failed[file.path] = str(error)[:200]
    return done


if __name__ == "__main__":
    main()
