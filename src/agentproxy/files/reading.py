"""Reads an open file of any kind: only a regular file, bounded, and without waiting."""

import os
import stat
from pathlib import Path

from agentproxy.files.openat2 import ALWAYS
from agentproxy.files.pathnames import BadPath

PIECE = 1 << 20  # bytes


def read_handle(handle: int, path: str, *, limit: int) -> bytes:
    """Returns the bytes of an open regular file. `limit` is in bytes; `path` is for errors.

    Raises BadPath, OSError.
    """
    check_regular(handle, path)
    found = bytearray()
    # One byte more than the limit is enough to know that the file is too large.
    while len(found) <= limit and (piece := os.read(handle, min(limit + 1 - len(found), PIECE))):
        found += piece
    if len(found) > limit:
        raise BadPath(path, f"larger than {limit} bytes")
    return bytes(found)


def check_regular(handle: int, path: str) -> None:
    """Raises BadPath for anything but a regular file."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise BadPath(path, "not a regular file")


def read_own(path: Path, *, limit: int, follow: bool) -> bytes:
    """Returns the bytes of a file whose path a person chose: its folders are trusted.

    Raises BadPath; OSError, with ELOOP for a link where `follow` is false.
    """
    handle = os.open(path, os.O_RDONLY | ALWAYS | (0 if follow else os.O_NOFOLLOW))
    try:
        return read_handle(handle, str(path), limit=limit)
    finally:
        os.close(handle)
