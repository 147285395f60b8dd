"""read_file_range, search_code, list_symbols and find_references: reading code within bounds."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agentproxy.files.safe_files import SafeDir
from agentproxy.models.port import ToolSpec
from agentproxy.tools.files import with_file
from agentproxy.tools.navigation.find import (
    MAX_FILE_BYTES,
    SECONDS,
    SearchFailed,
    Wanted,
    find_lines,
    find_symbols,
    read_matching,
)
from agentproxy.tools.navigation.globs import BadGlob, parts_of
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    Tool,
    ToolOutcome,
    failure,
    flag_of,
    number_of,
    object_schema,
    optional_text_of,
    text_of,
)

DEFAULT_RESULTS = 50
MAX_RESULTS = 200
MAX_LINES = 2000
MAX_PATTERN = 1000  # characters
MAX_SHOWN = 100_000  # characters
PART = "there is too much to search: only a part was; give path_glob"
TEXT: JsonValue = {"type": "string"}
RESULTS: JsonValue = {
    "type": "integer",
    "minimum": 1,
    "description": f"at most so many; {DEFAULT_RESULTS} by default, {MAX_RESULTS} at most",
}
GLOB: JsonValue = {"type": "string", "description": "such as *.py or src/**/*.ts"}
PATH: JsonValue = {"type": "string", "description": "relative to the working directory"}


class ReadFileRange:
    """Reads some lines of a file."""

    spec = ToolSpec(
        "read_file_range",
        "Read the lines from start_line to end_line of a text file of the workspace.",
        object_schema(
            {
                "path": PATH,
                "start_line": {"type": "integer", "minimum": 1},
                "end_line": {"type": "integer", "minimum": 1},
                "include_line_numbers": {"type": "boolean", "description": "true by default"},
            },
            "path",
            "start_line",
            "end_line",
        ),
    )

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("read", text_of(arguments, "path"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        start, end = _required(arguments, "start_line"), _required(arguments, "end_line")
        if end < start:
            raise BadArguments("'end_line' must not be before 'start_line'")
        if end - start >= MAX_LINES:
            raise BadArguments(f"at most {MAX_LINES} lines can be read at once")
        numbered = flag_of(arguments, "include_line_numbers", missing=True)

        def read(root: SafeDir, path: str) -> ToolOutcome:
            data = root.read(path, limit=MAX_FILE_BYTES)
            lines = data.decode(errors="replace").splitlines()
            if start > len(lines):
                return failure(f"the file has {len(lines)} lines")
            chosen = enumerate(lines[start - 1 : end], start=start)
            shown = "\n".join(f"{number}: {line}" if numbered else line for number, line in chosen)
            return ToolOutcome(_cut(shown))

        return await with_file(arguments, bench, read)


@dataclass(frozen=True, slots=True)
class _Search:
    """What searches the workspace. A pattern may take for ever: it is stopped after `seconds`."""

    seconds: float

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("read", str(arguments.get("path_glob", ".")))

    async def _search(
        self, arguments: Arguments, bench: Bench, *, pattern: str, ignore_case: bool
    ) -> ToolOutcome:
        most = _most(arguments)
        wanted = Wanted(pattern, ignore_case, most + 1)
        glob = optional_text_of(arguments, "path_glob")
        try:
            texts = await asyncio.to_thread(read_matching, bench.tree, parts_of(glob))
            found = await find_lines(texts, wanted, seconds=self.seconds)
        except (BadGlob, SearchFailed) as error:
            return failure(str(error))
        except OSError as error:
            return failure(f"{error.strerror}: {glob or '.'}")
        lines = [f"{path}:{number}: {line}" for path, number, line in found[:most]]
        text = _listed(lines, more=len(found) > most, nothing="No matches.")
        part = "" if texts.whole else f"\n({PART})"
        return ToolOutcome(text + part)


class SearchCode(_Search):
    """Searches the files of the workspace."""

    spec = ToolSpec(
        "search_code",
        "Search the text files of the workspace line by line. Each result is path:line: text.",
        object_schema(
            {
                "query": TEXT,
                "path_glob": GLOB,
                "regex": {"type": "boolean", "description": "the query is a regular expression"},
                "case_sensitive": {"type": "boolean", "description": "false by default"},
                "max_results": RESULTS,
            },
            "query",
        ),
    )

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        query = _pattern(arguments, "query")
        pattern = query if flag_of(arguments, "regex", missing=False) else re.escape(query)
        ignore_case = not flag_of(arguments, "case_sensitive", missing=False)
        return await self._search(arguments, bench, pattern=pattern, ignore_case=ignore_case)


class FindReferences(_Search):
    """Finds where a name is used."""

    spec = ToolSpec(
        "find_references",
        "Find the lines of the workspace in which a name occurs. Each result is path:line: text.",
        object_schema(
            {
                "symbol": TEXT,
                "path_glob": GLOB,
                "case_sensitive": {"type": "boolean", "description": "true by default"},
                "whole_word": {"type": "boolean", "description": "true by default"},
                "max_results": RESULTS,
            },
            "symbol",
        ),
    )

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        pattern = re.escape(_pattern(arguments, "symbol"))
        if flag_of(arguments, "whole_word", missing=True):
            pattern = rf"(?<!\w){pattern}(?!\w)"
        ignore_case = not flag_of(arguments, "case_sensitive", missing=True)
        return await self._search(arguments, bench, pattern=pattern, ignore_case=ignore_case)


class ListSymbols:
    """Lists what a file defines."""

    spec = ToolSpec(
        "list_symbols",
        "List the classes, functions and the like that a file of the workspace defines, with their "
        "lines.",
        object_schema({"path": PATH, "max_results": RESULTS}, "path"),
    )

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("read", text_of(arguments, "path"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        most = _most(arguments)

        def read(root: SafeDir, path: str) -> ToolOutcome:
            return ToolOutcome(root.read(path, limit=MAX_FILE_BYTES).decode(errors="replace"))

        text = await with_file(arguments, bench, read)
        if text.failed:
            return text
        try:
            found = await find_symbols(text_of(arguments, "path"), text.text)
        except SearchFailed as error:
            return failure(str(error))
        lines = [f"{number}: {shown}" for number, shown in found[:most]]
        return ToolOutcome(_listed(lines, more=len(found) > most, nothing="No symbols found."))


def navigation_tools(*, seconds: float = SECONDS) -> Sequence[Tool]:
    """`seconds` is how long a search may take."""
    return (ReadFileRange(), SearchCode(seconds), ListSymbols(), FindReferences(seconds))


def _listed(lines: Sequence[str], *, more: bool, nothing: str) -> str:
    if not lines:
        return nothing
    return _cut("\n".join([*lines, f"(the first {len(lines)} results)"] if more else lines))


def _cut(text: str) -> str:
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}\n... ({len(text) - MAX_SHOWN} more characters)"


def _required(arguments: Arguments, name: str) -> int:
    number = number_of(arguments, name)
    if number is None:
        raise BadArguments(f"{name!r} must be a whole number above 0")
    return number


def _most(arguments: Arguments) -> int:
    return min(number_of(arguments, "max_results") or DEFAULT_RESULTS, MAX_RESULTS)


def _pattern(arguments: Arguments, name: str) -> str:
    text = text_of(arguments, name)
    if not text or len(text) > MAX_PATTERN:
        raise BadArguments(f"{name!r} must have from 1 to {MAX_PATTERN} characters")
    return text
