"""Reading what is open and may be anything: only a regular file, bounded, and never a wait."""

import os
import stat
from pathlib import Path

from agentproxy.files.openat2 import ALWAYS
from agentproxy.files.pathnames import BadPath

PIECE = 1 << 20  # bytes


def read_handle(handle: int, path: str, *, limit: int) -> bytes:
    """The bytes of an open regular file; `limit` is in bytes, `path` is for the errors.

    Raises:
        BadPath: no regular file, or larger than the limit.
        OSError: it cannot be read.
    """
    check_regular(handle, path)
    found = bytearray()
    while len(found) <= limit and (piece := os.read(handle, min(limit + 1 - len(found), PIECE))):
        found += piece
    if len(found) > limit:
        raise BadPath(path, f"larger than {limit} bytes")
    return bytes(found)


def check_regular(handle: int, path: str) -> None:
    """Nothing.

    Raises:
        BadPath: no regular file.
    """
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise BadPath(path, "not a regular file")


def read_own(path: Path, *, limit: int, follow: bool) -> bytes:
    """The bytes of a file whose path a person chose, so that its folders are trusted.

    Without `follow` the file itself must not be a link.

    Raises:
        BadPath: no regular file, or larger than the limit.
        OSError: it is not there, or cannot be read; ELOOP for a link that is not followed.
    """
    handle = os.open(path, os.O_RDONLY | ALWAYS | (0 if follow else os.O_NOFOLLOW))
    try:
        return read_handle(handle, str(path), limit=limit)
    finally:
        os.close(handle)
