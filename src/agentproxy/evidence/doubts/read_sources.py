"""Reads changed files in a process of its own, since anybody may have written them.

Reads a `SourceRequest` as JSON from standard input, and writes a `SourceAnswer` as JSON.
"""

import base64
import json
import resource
import sys
import warnings
from collections.abc import Iterator, Sequence

from agentproxy.evidence.doubts.answers import AnswerTable, Unit, find_answers
from agentproxy.evidence.doubts.names import FileNames, SourceFile, find_unreached
from agentproxy.evidence.doubts.source_request import (
    AnswerInCode,
    SentFile,
    SourceAnswer,
    Unawaited,
    Unused,
)
from agentproxy.evidence.doubts.unused_input import GivenFunction, find_unused_input
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

MEMORY_LIMIT = 2 << 30
CPU_SECONDS = 30
MAX_UNAWAITED = 10
MAX_ANSWERED = 5
MAX_UNUSED = 200  # before the task says which of them count
MAX_UNITS = 5_000
_PROSE = (".md", ".rst", ".txt", ".adoc", ".markdown")
_Unreadable = (CannotParse, RecursionError, MemoryError, ValueError, IndexError)


def main() -> None:
    """Answers one request."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    warnings.simplefilter("ignore")  # of the parsed source
    (files,) = json.load(sys.stdin.buffer)
    json.dump(read_sources([SentFile(*file) for file in files]), sys.stdout)


def read_sources(files: Sequence[SentFile]) -> SourceAnswer:
    """What is seen in the files; nothing for what cannot be parsed."""
    code = [each for each in files if not each.is_test]
    tests = [each for each in files if each.is_test]
    coroutines = {name for each in code for name in _coroutines(each)}
    unawaited = [found for each in tests for found in _unawaited(each, coroutines)]
    return SourceAnswer(
        broken={each.path: why for each in files if (why := _broken(each))},
        unawaited=tuple(unawaited[:MAX_UNAWAITED]),
        answered=tuple(_answered(code, tests))[:MAX_ANSWERED],
        unused=tuple(_unused(code))[:MAX_UNUSED],
        unreached=dict(
            find_unreached(
                [_names(each) for each in code if not each.path.endswith(_PROSE)],
                [_decoded(each.after).decode(errors="replace") for each in tests],
            )
        ),
    )


def _decoded(content: str | None) -> bytes:
    return base64.b64decode(content or "")


def _broken(file: SentFile) -> str:
    from agentproxy.evidence.doubts.syntax import find_broken

    before, after = (None if side is None else _decoded(side) for side in (file.before, file.after))
    if file.is_test and before is None:
        return ""
    return find_broken(file.path, before, after)


def _names(file: SentFile) -> SourceFile:
    return SourceFile(
        path=file.path,
        before=_names_in(file.path, file.before),
        after=_names_in(file.path, file.after),
        text=_decoded(file.after).decode(errors="replace"),
        is_new=file.before is None,
    )


def _names_in(path: str, content: str | None) -> FileNames | None:
    language = language_of(path)
    if content is None or language is None:
        return None
    try:
        if language == "python":
            from agentproxy.evidence.doubts.python_source import find_python_names

            return find_python_names(_decoded(content))
        from agentproxy.evidence.doubts.javascript_source import find_javascript_names

        return find_javascript_names(_decoded(content), language)
    except _Unreadable:
        return None


def _coroutines(file: SentFile) -> frozenset[str]:
    language = language_of(file.path)
    if language is None or file.after is None:
        return frozenset()
    try:
        if language == "python":
            from agentproxy.evidence.doubts.python_source import find_async_functions

            return find_async_functions(_decoded(file.after))
        from agentproxy.evidence.doubts.javascript_source import find_async_javascript

        return find_async_javascript(_decoded(file.after), language)
    except _Unreadable:
        return frozenset()


def _unawaited(file: SentFile, coroutines: set[str]) -> list[Unawaited]:
    if file.after is None:
        return []
    try:
        found = list(_unawaited_in(file, coroutines))
    except _Unreadable:
        return []
    return [Unawaited(path=file.path, test=test, what=what) for test, what in found]


def _unawaited_in(file: SentFile, coroutines: set[str]) -> Iterator[tuple[str, str]]:
    before, after = _decoded(file.before), _decoded(file.after)
    language = language_of(file.path)
    if language == "python":
        from agentproxy.evidence.doubts.python_source import find_unawaited

        yield from find_unawaited(before, after, coroutines)
    elif language is not None:
        from agentproxy.evidence.doubts.javascript_source import find_unawaited_javascript

        yield from find_unawaited_javascript(before, after, language, coroutines=coroutines)


def _answered(code: Sequence[SentFile], tests: Sequence[SentFile]) -> Iterator[AnswerInCode]:
    units = [unit for each in tests for unit in _units_in(each)][:MAX_UNITS]
    for file in code:
        before, after = (_tables_in(file.path, side) for side in (file.before, file.after))
        for found in find_answers(before, after, units):
            yield AnswerInCode(path=file.path, line=found.line, key=found.key, value=found.value)


def _units_in(file: SentFile) -> Sequence[Unit]:
    language = language_of(file.path)
    if file.after is None or language is None:
        return ()
    try:
        if language == "python":
            from agentproxy.evidence.doubts.python_answers import find_python_units

            return find_python_units(_decoded(file.after))
        from agentproxy.evidence.doubts.javascript_answers import find_javascript_units

        return find_javascript_units(_decoded(file.after), language)
    except _Unreadable:
        return ()


def _tables_in(path: str, content: str | None) -> Sequence[AnswerTable]:
    language = language_of(path)
    if content is None or language is None:
        return ()
    try:
        if language == "python":
            from agentproxy.evidence.doubts.python_answers import find_python_tables

            return find_python_tables(_decoded(content))
        from agentproxy.evidence.doubts.javascript_answers import find_javascript_tables

        return find_javascript_tables(_decoded(content), language)
    except _Unreadable:
        return ()


def _unused(code: Sequence[SentFile]) -> Iterator[Unused]:
    before = [given for each in code for given in _given_in(each.path, each.before)]
    after = {each.path: _given_in(each.path, each.after) for each in code}
    for path, each in find_unused_input(before, after):
        yield Unused(path=path, line=each.line, name=each.name, parameters=each.parameters)


def _given_in(path: str, content: str | None) -> Sequence[GivenFunction]:
    language = language_of(path)
    if content is None or language is None:
        return ()
    try:
        if language == "python":
            from agentproxy.evidence.doubts.python_input import find_python_given

            return find_python_given(_decoded(content))
        from agentproxy.evidence.doubts.javascript_input import find_javascript_given

        return find_javascript_given(_decoded(content), language)
    except _Unreadable:
        return ()


if __name__ == "__main__":
    main()
