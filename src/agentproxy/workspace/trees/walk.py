"""Lists the files in a worker's tree. Never opens a file and never follows a link."""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.trees.claim_bounds import ClaimBounds, ClaimRefused, refuse_number
from agentproxy.workspace.trees.git_names import is_kept_by_git


@dataclass(slots=True)
class Listing:
    files: list[bytes] = field(default_factory=list[bytes])
    folders: set[bytes] = field(default_factory=set[bytes])  # submodules that are still folders
    nested: list[bytes] = field(default_factory=list[bytes])  # folders that hold a `.git`
    sizes: dict[bytes, int] = field(default_factory=dict[bytes, int])  # bytes of regular files
    odd: list[str] = field(default_factory=list[str])  # sentences about entries left out


def list_files(tree: Path, *, submodules: Collection[bytes], bounds: ClaimBounds) -> Listing:
    """Lists a tree whose worker has ended, without names that git reserves and submodules' files.

    Makes unreadable files and folders readable for their owner.

    Raises:
        ClaimRefused: the tree has too many names, or a path is too deep or too long.
    """
    found = Listing()
    start = os.fsencode(tree)
    if not _is_folder(start):
        return found
    # A list, not recursion: a worker can nest folders deeper than Python recurses.
    waiting = [b""]
    names = 0
    while waiting:
        folder = waiting.pop()
        entries = _entries(start, folder, found)
        names += len(entries)
        refuse_number(names, limit=bounds.names, what="files and folders")
        _refuse_deep(folder, entries, bounds)
        for entry in entries:
            name = folder + entry.name
            if is_kept_by_git(entry.name):
                _note_git(entry.name, folder, found)
            elif not entry.is_dir(follow_symlinks=False):
                _add(entry, name, found)
            elif name in submodules:
                found.folders.add(name)
            else:
                waiting.append(name + b"/")
    found.files.sort()
    return found


def _refuse_deep(
    folder: bytes, entries: Collection[os.DirEntry[bytes]], bounds: ClaimBounds
) -> None:
    longest = len(folder) + max((len(entry.name) for entry in entries), default=0)
    if folder.count(b"/") > bounds.depth or longest > bounds.path_bytes:
        raise ClaimRefused(
            f"{in_a_sentence(folder[:200])}... is deeper than {bounds.depth} folders, or its "
            f"path has more than {bounds.path_bytes} bytes. Delete it"
        )


def _note_git(name: bytes, folder: bytes, found: Listing) -> None:
    if name != b".git":
        found.odd.append(f"{in_a_sentence(folder + name)}: git cannot store this name")
    elif folder:
        found.nested.append(folder[:-1])


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
        found.odd.append(
            f"the folder {in_a_sentence(folder[:200])} is unreadable: {error.strerror}"
        )
        return []


def _add(entry: os.DirEntry[bytes], name: bytes, found: Listing) -> None:
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError as error:
        found.odd.append(f"{in_a_sentence(name[:200])} is unreadable: {error.strerror}")
        return
    if stat.S_ISREG(about.st_mode):
        if not about.st_mode & stat.S_IRUSR:
            os.chmod(entry.path, stat.S_IMODE(about.st_mode) | stat.S_IRUSR)  # noqa: PTH101
        found.sizes[name] = about.st_size
    elif not stat.S_ISLNK(about.st_mode):
        # Reading a FIFO would wait for ever.
        found.odd.append(
            f"{in_a_sentence(name)} is neither a file nor a link, so the claim leaves it out"
        )
        return
    found.files.append(name)
