"""Finds the copies of the tree's project that an environment imports in place of the tree.

A copy that has the files of the tree at the same places can give way to the tree: the tree is
mounted over it. Another one cannot, and then no check tests the tree.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agentproxy.files.pathnames import BadPath
from agentproxy.files.reading import read_own

MAX_BYTES = 1 << 20
PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_GITDIR = "gitdir:"
_NAME_IN_CFG = re.compile(r"^name\s*=\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Copies:
    checkouts: tuple[Path, ...] = ()  # the tree can stand there
    elsewhere: tuple[Path, ...] = ()  # the tree cannot


def find_copies(root: Path, linked: Iterable[Path], *, home: Path) -> Copies:
    """Sorts the linked folders that are copies of the project at `root`. The others are left out.

    Runs no program.
    """
    own = _common_dir(root)
    checkouts: dict[Path, None] = {}
    elsewhere: dict[Path, None] = {}
    for folder in linked:
        top = _top_of(folder)
        if top == root:
            continue
        project = _project_of(folder, top)
        if top is not None and own is not None and _common_dir(top) == own:
            copy = top
        elif (name := project_name(project)) and name in _names_at(root, project, top):
            copy = _counterpart(root, project, top, name=name)
        else:
            continue
        # A mount over HOME would hide the user's tools.
        if copy is None or home.is_relative_to(copy):
            elsewhere[project] = None
        else:
            checkouts[copy] = None
    return Copies(tuple(checkouts), tuple(elsewhere))


def _names_at(root: Path, project: Path, top: Path | None) -> set[str]:
    places = {root} if top is None else {root, root / project.relative_to(top)}
    return {project_name(place) for place in places}


def _counterpart(root: Path, project: Path, top: Path | None, *, name: str) -> Path | None:
    if top is not None and project_name(root / project.relative_to(top)) == name:
        return top
    # A copy without git stands for the whole tree.
    return project if top is None else None


def project_name(folder: Path) -> str:
    """Returns the normalized name of a Python project, or "" where its files name none."""
    name = _name_in_toml(_read(folder / "pyproject.toml"))
    if not name and (match := _NAME_IN_CFG.search(_read(folder / "setup.cfg"))):
        name = match[1]
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_in_toml(text: str) -> str:
    try:
        tables: dict[str, object] = tomllib.loads(text)
    # Also for a number of thousands of digits, and for deep arrays.
    except (ValueError, RecursionError):
        return ""
    for keys in (("project",), ("tool", "poetry")):
        found: object = tables
        for key in (*keys, "name"):
            found = _field(found, key)
        if isinstance(found, str):
            return found
    return ""


def _field(table: object, key: str) -> object:
    return cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None


def _top_of(folder: Path) -> Path | None:
    return next((each for each in _upwards(folder) if os.path.lexists(each / ".git")), None)


def _project_of(folder: Path, top: Path | None) -> Path:
    for each in _upwards(folder):
        if any((each / name).is_file() for name in PROJECT_FILES):
            return each
        if each == top:
            break
    return folder


def _upwards(folder: Path) -> Iterator[Path]:
    yield from (folder, *folder.parents)


def _common_dir(top: Path) -> Path | None:
    """Returns the git directory that all checkouts of a repository share."""
    dot = top / ".git"
    if dot.is_dir():
        return dot.resolve()
    pointer = _read(dot)
    if not pointer.startswith(_GITDIR):
        return None
    try:
        git_dir = (top / pointer.removeprefix(_GITDIR).strip()).resolve()
        named = _read(git_dir / "commondir").strip()
        return (git_dir / named).resolve() if named else git_dir
    # RuntimeError: a loop of links.
    except (OSError, ValueError, RuntimeError):
        return None


def _read(file: Path) -> str:
    try:
        return read_own(file, limit=MAX_BYTES, follow=True).decode(errors="replace")
    except (OSError, BadPath):
        return ""
