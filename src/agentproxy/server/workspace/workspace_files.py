"""The files of a workspace, as far as a client may see them."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.files.pathnames import names_of
from agentproxy.files.safe_files import DRAFT_PREFIX, BadPath, FoundFile, SafeDir
from agentproxy.tools.own_folders import is_own

NEVER_LISTED = frozenset({".git", "node_modules", "__pycache__", ".venv"})
MAX_LOOKED_AT = 20_000
MAX_CHANGED = 500
PIECE = 1 << 18
LEADS_AWAY = frozenset({errno.EXDEV, errno.ELOOP})


class AccessDenied(Exception):
    """A path that leads out, or into a folder of our own."""


class NoSuchFile(Exception):
    """Nothing that can be read has this path."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file that is open for reading. `size` is in bytes."""

    path: str
    name: str
    data: FileIO
    size: int


def list_files(workspace: Path) -> tuple[Sequence[FoundFile], bool]:
    """Returns the files in the order of their paths, and whether these are all."""
    try:
        # Links are passed over: one could lead into a folder that is not shown.
        with SafeDir(workspace, links=False) as root:
            found, whole = root.regular_files(most=MAX_LOOKED_AT, passes=_is_shown)
    except FileNotFoundError:
        return [], True
    return sorted(found, key=lambda each: each.path), whole


def files_since(workspace: Path, began: float) -> list[dict[str, Any]]:
    """Returns up to 500 files that changed since a Unix time; none of an unusable workspace."""
    try:
        found, _ = list_files(workspace)
    except (OSError, BadPath):
        return []
    return [shown(each) for each in found if each.changed >= began][:MAX_CHANGED]


def shown(file: FoundFile) -> dict[str, Any]:
    return {"name": file.path.rpartition("/")[2], "path": file.path, "size": file.size}


def open_file(workspace: Path, path: str) -> OpenFile:
    """Opens a file of a workspace. The caller closes it. Raises AccessDenied, NoSuchFile."""
    path = path.rstrip("/")
    if not path:
        raise NoSuchFile
    names = allowed_names(path)
    try:
        with SafeDir(workspace, links=False) as root:
            handle = root.open("/".join(names))
    except BadPath as error:
        raise (AccessDenied if leads_away(error) else NoSuchFile) from None
    except OSError:
        raise NoSuchFile from None
    size = os.fstat(handle).st_size
    return OpenFile("/".join(names), names[-1], FileIO(handle), size)


async def pieces_of(file: OpenFile) -> AsyncIterator[bytes]:
    """Reads a file up to the size that it had, and closes it."""
    left = file.size
    with file.data:
        # A file that grows meanwhile must not send more than was announced.
        while left and (piece := await _read(file.data, min(PIECE, left))):
            left -= len(piece)
            yield piece


def allowed_names(path: str) -> tuple[str, ...]:
    """Returns the names of a path that leads into no folder of our own. Raises AccessDenied."""
    try:
        names = names_of(path)
    except BadPath:
        raise AccessDenied from None
    if is_own(names):
        raise AccessDenied
    return names


def leads_away(error: BadPath) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in LEADS_AWAY


async def _read(data: FileIO, size: int) -> bytes:
    # A client that goes away cancels this. The thread reads on, from whatever would get the number
    # of the file if it were closed meanwhile.
    return await finish_though_cancelled(asyncio.to_thread(data.read, size))


def _is_shown(name: str) -> bool:
    return not (is_own([name]) or name in NEVER_LISTED or name.startswith(DRAFT_PREFIX))
