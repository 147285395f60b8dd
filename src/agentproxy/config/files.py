"""Reads small configuration files of any kind: bounded, and without waiting."""

import errno
from pathlib import Path

from agentproxy.config.mistakes import BadFile
from agentproxy.files.pathnames import BadPath
from agentproxy.files.reading import read_own

ABSENT = (errno.ENOENT, errno.ENOTDIR)


def read_small(path: Path, *, limit: int, follow: bool = True) -> bytes | None:
    """Returns the bytes of a regular file of at most `limit` bytes, or None if it does not exist.

    Without `follow`, a symbolic link counts as no file. Raises BadFile.
    """
    try:
        return read_own(path, limit=limit, follow=follow)
    except BadPath as error:
        cure = "shorten it" if error.why.startswith("larger") else "put a text file there"
        raise BadFile(error.why, source=str(path), cure=cure) from error
    except OSError as error:
        if error.errno in ABSENT or (error.errno == errno.ELOOP and not follow):
            return None
        raise BadFile(
            f"cannot be read: {error.strerror}",
            source=str(path),
            cure="make it readable or remove it",
        ) from error


def as_text(data: bytes, *, source: str) -> str:
    """Decodes UTF-8 without a NUL byte. Raises BadFile."""
    try:
        # Some Windows editors put a byte order mark in front.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(
            f"not UTF-8 at byte {error.start}", source=source, cure="save it as UTF-8 text"
        ) from error
    if "\0" in text:
        raise BadFile("contains a NUL byte", source=source, cure="save it as UTF-8 text")
    return text
