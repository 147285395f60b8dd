"""Whether what a check may read outside of the tree has changed: tools, packages, carried files."""

import hashlib
import os
from collections.abc import Iterable, Iterator
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


def digest_at_hand(environment: EnvironmentFound, root: Path) -> str | None:
    """Returns a digest of what is quick to read; None where a change could go unnoticed. Blocking.

    Carried files count by content, programs on PATH by name, size and time, folders by where and
    which they are: another image may have another one at the same place, with older files.
    """
    variables = (environment.env.get(name, "") for name in PATH_VARIABLES)
    if any(entry for text in variables for entry in text.split(os.pathsep)):
        return None
    try:
        places = map(_identity, _with_packages(_tops(environment, root)))
        programs = _in(_programs(environment.path))
        return _digest((*places, *programs, *_carried(environment, root)))
    except (OSError, BadPath):
        return None


def unchanged_since(environment: EnvironmentFound, root: Path, moment: float) -> bool:
    """Whether no file or folder in environments, toolchains and linked folders has changed after a
    moment, in seconds since the epoch; False where there are too many. Blocking.
    """
    until = int((moment - TICK) * 1e9)
    try:
        return _all_older(_tops(environment, root), until)
    except OSError:
        return False


def _tops(environment: EnvironmentFound, root: Path) -> list[Path]:
    places = (*environment.folders, *environment.toolchains, *environment.caches.values())
    folders = list(map(Path, places))
    linked = [each for folder in folders for each in linked_folders(folder) if each != root]
    outside = (each for each in linked if not each.is_relative_to(root))
    return list(dict.fromkeys((*folders, *outside)))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256(os.fsencode("\0".join(lines))).hexdigest()


def _all_older(tops: Iterable[Path], until: int) -> bool:
    """Whether nothing below some folders has changed since. By the time of the last change of its
    record (ctime), which nobody can set back, as one can the time of the content.
    """
    left = MAX_ENTRIES
    todo = [str(top) for top in tops]
    while todo:
        place = todo.pop()
        # What was removed shows only in the folder.
        if os.lstat(place).st_ctime_ns >= until:
            return False
        if not os.path.isdir(place):  # noqa: PTH112 - many thousand calls
            continue
        # By the folder's descriptor: the system would walk down each path anew.
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(folder) as found:
                for entry in found:
                    left -= 1
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in WRITTEN_BY_READERS:
                            todo.append(f"{place}/{entry.name}")
                    elif entry.stat(follow_symlinks=False).st_ctime_ns >= until:
                        return False
        finally:
            os.close(folder)
        if left < 0:
            return False
    return True


def _with_packages(tops: Iterable[Path]) -> Iterator[Path]:
    for top in tops:
        yield top
        yield from sorted(top.glob("lib/python3*/site-packages"))


def _identity(place: Path) -> str:
    status = place.stat()
    return f"{place} {os.path.realpath(place)} {status.st_ino} {status.st_ctime_ns}"


def _in(folders: Iterable[Path]) -> Iterator[str]:
    """Describes what is in some folders, but not deeper."""
    for folder in filter(Path.is_dir, folders):
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        yield from (_describe(each) for each in entries if each.name not in WRITTEN_BY_READERS)


def _describe(entry: os.DirEntry[str]) -> str:
    status = entry.stat(follow_symlinks=False)
    # The target of a link is not in its size.
    target = os.readlink(entry.path) if entry.is_symlink() else ""  # noqa: PTH115 - many thousand
    return f"{entry.path} {status.st_mode} {status.st_size} {status.st_mtime_ns} {target}"


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
