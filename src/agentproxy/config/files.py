"""Reading a small configuration file that may be anything: bounded, and never a wait."""

import errno
import os
import stat
from pathlib import Path

from agentproxy.config.mistakes import BadFile

ABSENT = (errno.ENOENT, errno.ENOTDIR)


def read_small(path: Path, *, limit: int, follow: bool = True) -> bytes | None:
    """The bytes of a regular file, or None where there is none. `limit` is in bytes.

    A symbolic link is followed unless `follow` is false; then it counts as no file.

    Raises:
        BadFile: it is a folder, a pipe or a device, too large, or cannot be read.
    """
    # O_NONBLOCK: opening a FIFO must not wait for a writer.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno in ABSENT or (error.errno == errno.ELOOP and not follow):
            return None
        raise BadFile(
            f"cannot be opened: {error.strerror}", source=str(path), cure="fix or remove it"
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadFile("not a regular file", source=str(path), cure="put a text file there")
        found = _up_to(handle, limit + 1)
    except OSError as error:
        raise BadFile(
            f"cannot be read: {error.strerror}", source=str(path), cure="fix or remove it"
        ) from error
    finally:
        os.close(handle)
    if len(found) > limit:
        raise BadFile(f"larger than {limit} bytes", source=str(path), cure="shorten it")
    return found


def _up_to(handle: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < size and (part := os.read(handle, min(size - len(found), 1 << 20))):
        found += part
    return bytes(found)


def as_text(data: bytes, *, source: str) -> str:
    """The text of a file's bytes.

    Raises:
        BadFile: it is not UTF-8, or holds a NUL byte.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(
            f"not UTF-8 at byte {error.start}", source=source, cure="save it as UTF-8 text"
        ) from error
    if "\0" in text:
        raise BadFile("holds a NUL byte", source=source, cure="save it as UTF-8 text")
    return text
