"""Reading a small configuration file that may be anything: bounded, and never a wait."""

import errno
from pathlib import Path

from agentproxy.config.mistakes import BadFile
from agentproxy.files.pathnames import BadPath
from agentproxy.files.reading import read_own

ABSENT = (errno.ENOENT, errno.ENOTDIR)


def read_small(path: Path, *, limit: int, follow: bool = True) -> bytes | None:
    """The bytes of a regular file, or None where there is none. `limit` is in bytes.

    A symbolic link is followed unless `follow` is false; then it counts as no file.

    Raises:
        BadFile: it is a folder, a pipe or a device, too large, or cannot be read.
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
            f"cannot be read: {error.strerror}", source=str(path), cure="fix or remove it"
        ) from error


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
