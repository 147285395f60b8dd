"""Asks the searching process about files of a workspace, within bounds."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentproxy.files.safe_files import DRAFT_PREFIX, BadPath, FoundFile, SafeDir
from agentproxy.tools.navigation.globs import matches
from agentproxy.tools.own_folders import is_own

CHILD = Path(__file__).with_name("child.py")
MAX_FILE_BYTES = 512 << 10
MAX_BYTES = 32 << 20  # of all files of one search
MAX_NAMES = 20_000
SECONDS = 10.0
SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv"})
BINARY_HEAD = 8192  # bytes: a NUL in them means no text


class SearchFailed(Exception):
    """A search that has no answer. The text says why."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Paths with their texts, and whether these are all that were asked for."""

    files: Sequence[tuple[str, str]]
    whole: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in each line. `pattern` is a regular expression."""

    pattern: str
    ignore_case: bool
    most: int


async def find_lines(texts: Texts, wanted: Wanted, *, seconds: float) -> list[tuple[str, int, str]]:
    """Returns paths, numbers and texts of lines. Raises SearchFailed."""
    question = {"what": "lines", "files": texts.files, **asdict(wanted)}
    found = await _ask(question, seconds=seconds)
    return [(str(path), int(number), str(line)) for path, number, line in found]


async def find_symbols(path: str, text: str) -> list[tuple[int, str]]:
    """Returns what a file defines, by line. Raises SearchFailed."""
    found = await _ask({"what": "symbols", "files": [(path, text)]}, seconds=SECONDS)
    return [(int(number), str(line)) for number, line in found]


async def _ask(question: Mapping[str, object], *, seconds: float) -> list[Any]:
    data = await asyncio.to_thread(lambda: json.dumps(question).encode())
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-W", "ignore", str(CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            output, _ = await child.communicate(data)
    except TimeoutError:
        raise SearchFailed(f"it took longer than {seconds:g}s: use a simpler pattern") from None
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        raise SearchFailed("it took too much time or memory: use a simpler pattern")
    answer = json.loads(output)
    if "error" in answer:
        raise SearchFailed(answer["error"])
    return answer["found"]


def read_matching(tree: Path, parts: Sequence[str]) -> Texts:
    """Reads the texts whose paths match the parts of a pattern. Blocking. Raises OSError."""
    files: list[tuple[str, str]] = []
    left = MAX_BYTES
    # Links are not followed: all that is read is in the workspace.
    with SafeDir(tree, links=False) as root:
        found, whole = root.regular_files(most=MAX_NAMES, passes=_is_searched)
        for file in sorted(found, key=lambda each: each.path):
            if not matches(file.path.split("/"), parts) or file.size > MAX_FILE_BYTES:
                continue
            if file.size > left:
                return Texts(files, whole=False)
            if (text := _text_of(root, file)) is not None:
                left -= file.size
                files.append((file.path, text))
    return Texts(files, whole)


def _is_searched(name: str) -> bool:
    return not (is_own([name]) or name in SKIPPED or name.startswith(DRAFT_PREFIX))


def _text_of(root: SafeDir, file: FoundFile) -> str | None:
    try:
        data = root.read(file.path, limit=MAX_FILE_BYTES)
    except (BadPath, OSError):
        return None  # gone meanwhile, or not readable
    return None if b"\0" in data[:BINARY_HEAD] else data.decode(errors="replace")
