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
# What a system's package manager installs for the programs of a folder on PATH.
BESIDE_PROGRAMS = (
    "lib/python3*/site-packages",
    "lib/python3*/dist-packages",
    "lib/node_modules",
)
WRITTEN_BY_READERS = frozenset({"__pycache__"})
# They may name folders whose content nobody has looked at.
PATH_VARIABLES = ("PYTHONPATH", "NODE_PATH")


class _TooMuch(Exception):
    """There are more files than can be compared each time."""


def digest_of_contents(environment: EnvironmentFound, root: Path) -> str | None:
    """Returns a digest; None where a change could go unnoticed. Blocking.

    Files of environments and toolchains count by name, size and time, carried files by content.
    """
    variables = (environment.env.get(name, "") for name in PATH_VARIABLES)
    if any(entry for text in variables for entry in text.split(os.pathsep)):
        return None
    places = (*environment.folders, *environment.toolchains, *environment.caches.values())
    folders = list(map(Path, places))
    linked = [each for folder in folders for each in linked_folders(folder) if each != root]
    try:
        return _digest(
            (
                *_below([*folders, *(each for each in linked if not each.is_relative_to(root))]),
                *_in(_programs(environment.path)),
                *_carried(environment, root),
            )
        )
    except (OSError, BadPath, _TooMuch):
        return None


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(os.fsencode(line) + b"\0")
    return digest.hexdigest()


def _below(tops: Iterable[Path]) -> Iterator[str]:
    """Describes all files below some folders, whatever their order on disk."""
    left = MAX_ENTRIES
    todo = [str(top) for top in dict.fromkeys(tops)]
    while todo:
        place = todo.pop()
        if not os.path.isdir(place):  # noqa: PTH112 - many thousand calls
            yield _describe(place, os.lstat(place))
            continue
        folders, files = _listed(place, left)
        left -= len(folders) + len(files)
        todo += [f"{place}/{name}" for name in folders if name not in WRITTEN_BY_READERS]
        if files:
            yield "\0".join((place, *files))


def _listed(place: str, most: int) -> tuple[list[str], list[str]]:
    """The names of the folders in a folder, and what describes its files."""
    folders: list[str] = []
    files: list[str] = []
    # By the folder's descriptor: the system would walk down each path anew.
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=attrgetter("name"))
        if len(entries) > most:
            raise _TooMuch
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                status = entry.stat(follow_symlinks=False)
                files.append(_describe(entry.name, status, folder=folder))
    finally:
        os.close(folder)
    return folders, files


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
