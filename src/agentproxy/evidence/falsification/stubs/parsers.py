"""The parsers of source files, for processes that do nothing else."""

import posixpath
import resource
from collections.abc import Mapping

from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.stubs.stubs import CannotParse, FindFunctions

MEMORY_LIMIT = 2 << 30
CPU_SECONDS = 60
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


def restore_names(
    path: str, before: bytes, stubbed: bytes, *, beside: Mapping[str, bytes] | None = None
) -> bytes:
    """The stubs, with what the bodies of the base need and the claim took out of the file. `beside`
    are the claim's other changed files, by path.
    """
    language = language_of(path)
    if before and path.endswith(".go"):
        from agentproxy.evidence.falsification.stubs.go_names import restore_go_names

        folder = posixpath.dirname(path)
        package = [text for at, text in (beside or {}).items()
                   if at.endswith(".go") and posixpath.dirname(at) == folder]  # fmt: skip
        return restore_go_names(before, stubbed, package)
    if not before or language is None:
        return stubbed
    if language == "python":
        from agentproxy.evidence.falsification.stubs.python_names import restore_python_names

        return restore_python_names(before, stubbed)
    from agentproxy.evidence.falsification.stubs.javascript_names import restore_javascript_names

    return restore_javascript_names(before, stubbed, language)
