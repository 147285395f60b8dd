"""The files that a worker left, listed without opening one and without following a link."""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.workspace.git.filenames import in_a_sentence

MAX_FILES = 2_000_000
LARGE = 50 * 1000 * 1000  # bytes; the size at which a file in a claim is pointed out


@dataclass(slots=True)
class Listing:
    """Names relative to the tree. `folders` are the submodules that still are folders.

    `nested` are folders in which a `.git` was planted; `odd` says what cannot be carried.
    """

    files: list[bytes] = field(default_factory=list[bytes])
    folders: set[bytes] = field(default_factory=set[bytes])
    nested: list[bytes] = field(default_factory=list[bytes])
    large: dict[bytes, int] = field(default_factory=dict[bytes, int])
    odd: list[str] = field(default_factory=list[str])


class TooMany(Exception):
    """More files than anybody can mean."""


def list_files(tree: Path, *, submodules: Collection[bytes]) -> Listing:
    """Walk a tree whose worker has ended. Any `.git` is left out, and so are submodules' files.

    A file or folder of the worker's that its owner may not read is made readable first.

    Raises:
        TooMany: there are more than `MAX_FILES` names.
    """
    found = Listing()
    start = os.fsencode(tree)
    if not _is_folder(start):
        return found
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(start, folder, found):
            name = folder + entry.name
            if entry.name == b".git":
                if folder:
                    found.nested.append(folder[:-1])
            elif not entry.is_dir(follow_symlinks=False):
                _add(entry, name, found)
            elif name in submodules:
                found.folders.add(name)
            else:
                waiting.append(name + b"/")
        if len(found.files) + len(waiting) > MAX_FILES:
            raise TooMany
    found.files.sort()
    return found


def _is_folder(place: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(place).st_mode)
    except OSError:
        return False


def _entries(start: bytes, folder: bytes, found: Listing) -> list[os.DirEntry[bytes]]:
    place = start + b"/" + folder
    try:
        mode = os.lstat(place).st_mode
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(place, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101 - bytes
        with os.scandir(place) as entries:
            return list(entries)
    except OSError as error:
        found.odd.append(f"{in_a_sentence(folder[:200])} cannot be listed: {error.strerror}")
        return []


def _add(entry: os.DirEntry[bytes], name: bytes, found: Listing) -> None:
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError as error:
        found.odd.append(f"{in_a_sentence(name[:200])} cannot be looked at: {error.strerror}")
        return
    if stat.S_ISREG(about.st_mode):
        if not about.st_mode & stat.S_IRUSR:
            os.chmod(entry.path, stat.S_IMODE(about.st_mode) | stat.S_IRUSR)  # noqa: PTH101
        if about.st_size > LARGE:
            found.large[name] = about.st_size
    elif not stat.S_ISLNK(about.st_mode):
        found.odd.append(f"{in_a_sentence(name)} is neither a file nor a link, and is not carried")
        return
    found.files.append(name)
