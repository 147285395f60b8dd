"""Reads which folders Python files add to the search path, in a process of its own, since anybody
may have written them.

Reads a `SearchRequest` as JSON from standard input, and writes a `SearchAnswer` as JSON.
"""

import json
import resource
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from agentproxy.evidence.doubts.python_search import find_searched_folders
from agentproxy.evidence.falsification.stubs.stubs import CannotParse

_MEMORY_LIMIT = 2 << 30
_CPU_SECONDS = 10


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Files by path, relative to the root of the project; one path may have several texts."""

    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The folders, relative to the root of the project, "" itself."""

    folders: tuple[str, ...]


def main() -> None:
    """Answers one request."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    warnings.simplefilter("ignore")  # of the parsed source
    request = json.load(sys.stdin.buffer)
    answer = SearchAnswer(tuple(sorted(set(_folders(request)))))
    json.dump(asdict(answer), sys.stdout)


def _folders(request: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    for path, text in request["files"]:
        try:
            yield from find_searched_folders(path, text.encode(errors="replace"))
        except (CannotParse, RecursionError, MemoryError, ValueError):
            continue


if __name__ == "__main__":
    main()
