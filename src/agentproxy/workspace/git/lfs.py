"""Reads and writes Git LFS pointers and the LFS store, without the program git-lfs."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import join_names

POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n"
)
POINTER_LIMIT = 1024  # bytes; git-lfs reads no longer file as a pointer
NO_FILTER = {b"unspecified", b"unset", b"set"}
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Pointer:
    """The replacement of a large file in a commit."""

    oid: str  # sha256
    size: int  # bytes

    @property
    def text(self) -> bytes:
        return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
            self.oid.encode(),
            self.size,
        )


def read_pointer(content: bytes) -> Pointer | None:
    match = POINTER.fullmatch(content) if len(content) <= POINTER_LIMIT else None
    return Pointer(oid=match[1].decode(), size=int(match[2])) if match else None


def read_head(file: Path) -> bytes:
    """Reads as much as a pointer can have. Returns b"" if it is not a regular file."""
    if not stat.S_ISREG(file.lstat().st_mode):
        return b""
    with file.open("rb") as stream:
        return stream.read(POINTER_LIMIT + 1)


def measure(file: Path) -> Pointer:
    """Computes the pointer of a file."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Pointer(oid=digest.hexdigest(), size=size)


@dataclass(frozen=True, slots=True)
class Store:
    """The user's store of large files. Nothing is ever deleted from it."""

    folder: Path

    def place(self, pointer: Pointer) -> Path:
        return self.folder / "objects" / pointer.oid[:2] / pointer.oid[2:4] / pointer.oid

    def holds(self, pointer: Pointer) -> bool:
        """Whether the store has the content, by size alone."""
        try:
            return self.place(pointer).stat().st_size == pointer.size
        except OSError:
            return False

    def add(self, file: Path, pointer: Pointer) -> None:
        """Copies a file into the store, completely or not at all.

        Raises:
            OSError: the file changed during the copy, or a write failed.
        """
        if self.holds(pointer):
            return
        place = self.place(pointer)
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".agentproxy-")
        os.close(handle)
        copy = Path(name)
        try:
            shutil.copyfile(file, copy)
            if measure(copy) != pointer:
                raise OSError(f"{file} changed while it was read")
            copy.chmod(0o644)
            copy.replace(place)
        finally:
            copy.unlink(missing_ok=True)

    def write(self, pointer: Pointer, target: Path) -> None:
        """Replaces a pointer file by its content, and keeps the file's mode."""
        mode = stat.S_IMODE(target.stat().st_mode)
        target.unlink()
        shutil.copyfile(self.place(pointer), target)
        target.chmod(mode)


async def filters_of(
    where: GitLocation, names: Sequence[bytes], *, source: Sequence[str] = ()
) -> dict[bytes, str]:
    """Returns the filter of each file that has one. `source` are options of `check-attr`."""
    if not names:
        return {}
    printed = await git(
        "check-attr", "-z", "--stdin", *source, "filter", where=where, stdin=join_names(names)
    )
    return parse_filters(printed)


def parse_filters(printed: bytes) -> dict[bytes, str]:
    # `check-attr -z` prints path, attribute, value, path, ...
    parts = printed.split(b"\0")
    found = zip(parts[0::3], parts[2::3], strict=False)
    return {
        name: value.decode("utf-8", "backslashreplace")
        for name, value in found
        if value not in NO_FILTER
    }
