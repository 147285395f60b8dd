"""A digest of what a check may read outside of the tree: tools, packages, carried files."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.environment.discover import CARRIED_LIMIT
from agentproxy.workspace.environment.editable_installs import linked_folders

MAX_ENTRIES = 300_000
TICK = 0.05  # seconds; the times of files come from a coarser clock than ours
# What a system's package manager installs for the programs of a folder on PATH.
BESIDE_PROGRAMS = (
    "lib/python3*/site-packages",
    "lib/python3*/dist-packages",
    "lib/node_modules",
)
WRITTEN_BY_READERS = frozenset({"__pycache__"})
# They may name folders whose content nobody has looked at.
PATH_VARIABLES = ("PYTHONPATH", "NODE_PATH")


class _CannotTell(Exception):
    """There are more files than can be compared each time, or one has changed."""


def digest_at_hand(environment: EnvironmentFound, root: Path) -> str | None:
    """Returns a digest of what is quick to read; None where a change could go unnoticed. Blocking.

    Carried files count by content, programs on PATH by name, size and time, folders by where they
    are.
    """
    variables = (environment.env.get(name, "") for name in PATH_VARIABLES)
    if any(entry for text in variables for entry in text.split(os.pathsep)):
        return None
    try:
        places = (f"{top} {os.path.realpath(top)}" for top in _tops(environment, root))
        programs = _in(_programs(environment.path))
        return _digest((*places, *programs, *_carried(environment, root)))
    except (OSError, BadPath):
        return None


def digest_of_folders(
    environment: EnvironmentFound, root: Path, *, unchanged_since: float | None = None
) -> str | None:
    """Returns a digest of all files in environments, toolchains and linked folders. Blocking.

    Files count by name, size and time. None where there are too many, or where a file or folder
    has changed after a moment, which is in seconds since the epoch.
    """
    until = None if unchanged_since is None else int((unchanged_since - TICK) * 1e9)
    try:
        return _digest(_below(_tops(environment, root), until))
    except (OSError, _CannotTell):
        return None


def _tops(environment: EnvironmentFound, root: Path) -> list[Path]:
    places = (*environment.folders, *environment.toolchains, *environment.caches.values())
    folders = list(map(Path, places))
    linked = [each for folder in folders for each in linked_folders(folder) if each != root]
    outside = (each for each in linked if not each.is_relative_to(root))
    return list(dict.fromkeys((*folders, *outside)))


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(os.fsencode(line) + b"\0")
    return digest.hexdigest()


def _below(tops: Iterable[Path], until: int | None) -> Iterator[str]:
    """Describes all files below some folders, whatever their order on disk."""
    left = MAX_ENTRIES
    todo = [str(top) for top in tops]
    while todo:
        place = todo.pop()
        if not os.path.isdir(place):  # noqa: PTH112 - many thousand calls
            yield _describe(place, _old(os.lstat(place), until))
            continue
        folders, files = _listed(place, left, until)
        left -= len(folders) + len(files)
        todo += [f"{place}/{name}" for name in folders if name not in WRITTEN_BY_READERS]
        if files:
            yield "\0".join((place, *files))


def _listed(place: str, most: int, until: int | None) -> tuple[list[str], list[str]]:
    """The names of the folders in a folder, and what describes its files."""
    folders: list[str] = []
    files: list[str] = []
    # By the folder's descriptor: the system would walk down each path anew.
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # What was removed shows only here.
        _old(os.fstat(folder), until)
        with os.scandir(folder) as found:
            entries = sorted(found, key=attrgetter("name"))
        if len(entries) > most:
            raise _CannotTell
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                status = _old(entry.stat(follow_symlinks=False), until)
                files.append(_describe(entry.name, status, folder=folder))
    finally:
        os.close(folder)
    return folders, files


def _old(status: os.stat_result, until: int | None) -> os.stat_result:
    # Nobody can set this time back, as one can the time of the content.
    if until is not None and status.st_ctime_ns >= until:
        raise _CannotTell
    return status


def _in(folders: Iterable[Path]) -> Iterator[str]:
    """Describes what is in some folders, but not deeper."""
    for folder in folders:
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            if entry.name not in WRITTEN_BY_READERS:
                yield _describe(str(entry), entry.lstat())


def _describe(path: str, status: os.stat_result, *, folder: int | None = None) -> str:
    # The target of a link is not in its size.
    is_link = stat.S_ISLNK(status.st_mode)
    target = os.readlink(path, dir_fd=folder) if is_link else ""
    return f"{path} {status.st_mode} {status.st_size} {status.st_mtime_ns} {target}"


def _programs(path: str) -> Iterator[Path]:
    for entry in dict.fromkeys(path.split(os.pathsep)):
        folder = Path(entry)
        yield folder
        for pattern in BESIDE_PROGRAMS:
            yield from sorted(folder.parent.glob(pattern))


def _carried(environment: EnvironmentFound, root: Path) -> Iterator[str]:
    if environment.carried:
        with SafeDir(root) as theirs:
            for path in environment.carried:
                content = theirs.read(path, limit=CARRIED_LIMIT)
                yield f"{path} {hashlib.sha256(content).hexdigest()}"
