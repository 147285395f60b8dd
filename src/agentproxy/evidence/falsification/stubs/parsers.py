"""The parsers of source files, for processes that do nothing else."""

import posixpath
import re
import resource
from collections.abc import Collection, Mapping

from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.stubs.stubs import CannotParse, FindFunctions

MEMORY_LIMIT = 2 << 30
CPU_SECONDS = 60
_OLD_FORM = re.compile(rb"\b[aA]gentproxyOld[\w\x80-\xff]+")
PARSER_FAULTS = (CannotParse, RecursionError, MemoryError, ValueError, IndexError)


def limit_parser() -> None:
    """Bounds memory and time of this process: a parser may be led to need much of both."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def parser_of(path: str) -> FindFunctions:
    """The parser of a file's language. Only what is needed is imported."""
    language = language_of(path)
    if path.endswith(".go"):
        from agentproxy.evidence.falsification.stubs.go_functions import find_go_functions

        return find_go_functions
    if language == "python":
        from agentproxy.evidence.falsification.stubs.python_functions import find_python_functions

        return find_python_functions
    if language is None:
        raise ValueError(f"no parser for {path}")
    from agentproxy.evidence.falsification.stubs.javascript_functions import (
        find_javascript_functions,
    )

    return lambda source: find_javascript_functions(source, language)


def find_declared(files: Mapping[str, bytes]) -> Mapping[str, frozenset[str]]:
    """What the claim's files of Go declare, by folder. Another file of a package needs it."""
    of_go = {path: source for path, source in files.items() if path.endswith(".go")}
    if not of_go:
        return {}
    from agentproxy.evidence.falsification.stubs import go_names

    try:
        return go_names.find_declared(of_go)
    except PARSER_FAULTS:
        # Each file says for itself what is wrong with it.
        return {}


def find_old_forms(stubs: Mapping[str, bytes]) -> Mapping[str, frozenset[str]]:
    """The names of old forms of functions that stubs of Go mention, by folder."""
    found: dict[str, frozenset[str]] = {}
    for path, text in stubs.items():
        if path.endswith(".go"):
            names = frozenset(name.decode(errors="replace") for name in _OLD_FORM.findall(text))
            found[posixpath.dirname(path)] = found.get(posixpath.dirname(path), frozenset()) | names
    return found


def restore_names(
    path: str,
    before: bytes,
    stubbed: bytes,
    *,
    declared: Collection[str] = (),
    wanted: Collection[str] = (),
) -> bytes:
    """The stubs, with what the bodies of the base need and the claim took out of the file.
    `declared` are the names that the claim's files in its folder declare, `wanted` the old forms
    that their stubs call.
    """
    language = language_of(path)
    if before and path.endswith(".go"):
        from agentproxy.evidence.falsification.stubs.go_names import restore_go_names

        return restore_go_names(before, stubbed, declared, wanted=wanted)
    if not before or language is None:
        return stubbed
    if language == "python":
        from agentproxy.evidence.falsification.stubs.python_names import restore_python_names

        return restore_python_names(before, stubbed)
    from agentproxy.evidence.falsification.stubs.javascript_names import restore_javascript_names

    return restore_javascript_names(before, stubbed, language)
