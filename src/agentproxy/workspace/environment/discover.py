"""Finds the user's own environment: folders, toolchains, PATH and carried files."""

import os
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.environment.editable_installs import editable_projects, linked_folders
from agentproxy.workspace.environment.fingerprint import fingerprint
from agentproxy.workspace.environment.other_checkouts import Copies, find_copies
from agentproxy.workspace.environment.toolchains import Toolchains, find_toolchains, within

MAX_SEARCHED_FOLDERS = 50_000
CARRIED_LIMIT = 64 << 20  # bytes of a file
NEVER_ENTERED = frozenset({".git", ".hg", ".tox", ".nox", "__pycache__", ".mypy_cache"})
ALWAYS_NEEDED = ("python3", "python", "node", "npm", "git", "make", "sh", "bash", "uv")


@dataclass(frozen=True, slots=True)
class Wanted:
    commands: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    carry: tuple[str, ...] = ()
    prepare: str = ""
    # Folders in which the base has files: a committed environment is part of the tree.
    committed: Collection[str] = ()
    managed: Path | None = None  # the environment that Poetry or conda reported


def find_environment(
    root: Path, directory: str, *, environ: Mapping[str, str], wanted: Wanted
) -> EnvironmentFound:
    """Finds environment folders, toolchains and carried files. Runs no program."""
    notes: list[str] = []
    named = [*([str(wanted.managed)] if wanted.managed else []), *wanted.folders]
    folders = [
        folder
        for folder in _folders(root, environ=environ, named=named, notes=notes)
        if not _is_committed(root, folder, wanted.committed, notes=notes)
    ]
    words = {*ALWAYS_NEEDED, *_programs((*wanted.commands, wanted.prepare))}
    place = Path(os.path.normpath(root / directory))
    tools = find_toolchains(environ, root=root, place=place, words=sorted(words))
    path = _path(root, directory, folders=folders, inherited=tools.path, notes=notes)
    if wanted.managed is not None:
        path.insert(0, str(wanted.managed / "bin"))
        notes.append(f"{wanted.managed}/bin comes first on PATH")
    used = _used(folders, path, (*wanted.commands, wanted.prepare), root=root)
    copies = _show_installations(folders, tools, used=used)
    notes += _describe_copies(copies)
    return EnvironmentFound(
        folders=tuple(str(folder) for folder in folders),
        toolchains=tuple(str(folder) for folder in tools.folders),
        path=os.pathsep.join(path),
        env=tools.env,
        checkouts=tuple(str(copy) for copy in copies.checkouts),
        elsewhere=tuple(str(copy) for copy in copies.elsewhere),
        carried=tuple(_carried(root, wanted.carry, notes=notes)),
        prepare=wanted.prepare,
        notes=tuple(notes),
        prints={str(folder): fingerprint(folder) for folder in folders},
    )


def _used(
    folders: Sequence[Path], path: Sequence[str], commands: Iterable[str], *, root: Path
) -> list[Path]:
    """Returns the environments that checks import from: the first on PATH, and any named one."""
    programs = {str(folder / "bin"): folder for folder in folders}
    first = next((programs[entry] for entry in path if entry in programs), None)
    text = " ".join(commands)
    return [
        folder
        for folder in folders
        if folder == first
        or folder.name == "node_modules"
        or f"{os.path.relpath(folder, root)}/bin/" in text
        or f"{folder}/bin/" in text
    ]


def _show_installations(
    folders: Sequence[Path], tools: Toolchains, *, used: Collection[Path]
) -> Copies:
    """Shows what the environments lead to, but for the copies of the tree, which it returns.

    A copy at which the tree cannot stand matters only in an environment that is used.
    """
    shown = {folder: list(linked_folders(folder)) for folder in folders}
    candidates = {
        folder: [
            linked
            for linked in (*shown[folder], *editable_projects(folder))
            if not within(linked, folders)
        ]
        for folder in folders
    }
    copies = find_copies(tools.root, chain(*candidates.values()), home=tools.home)
    hidden = (*folders, tools.root, *copies.checkouts, *copies.elsewhere)
    for folder in folders:
        # Without its base installation a virtual environment's python exits with 127.
        tools.show_base(folder)
        for linked in shown[folder]:
            if not within(linked, hidden):
                tools.show(linked)
    mattering = chain(*(candidates[folder] for folder in used))
    elsewhere = find_copies(tools.root, mattering, home=tools.home).elsewhere
    return replace(copies, elsewhere=elsewhere)


def _describe_copies(copies: Copies) -> Iterator[str]:
    for copy in copies.checkouts:
        yield (
            f"{copy} is another checkout of this repository and an environment imports from it, "
            "so the tree stands there too"
        )
    for copy in copies.elsewhere:
        yield f"an environment imports this project from {copy}, and not from the tree"


def _is_committed(
    root: Path, folder: Path, committed: Collection[str], *, notes: list[str]
) -> bool:
    if not folder.is_relative_to(root) or str(folder.relative_to(root)) not in committed:
        return False
    notes.append(f"{folder.relative_to(root)} is committed, so it is part of the tree")
    return True


def _folders(
    root: Path, *, environ: Mapping[str, str], named: Sequence[str], notes: list[str]
) -> Iterator[Path]:
    seen: set[Path] = set()

    def fresh(folder: Path) -> bool:
        if folder in seen or not folder.is_dir():
            return False
        seen.add(folder)
        return True

    for folder in _inside(root, notes):
        if fresh(folder):
            yield folder
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = Path(environ.get(variable) or "/nonexistent")
        if folder.is_absolute() and not within(folder, seen) and fresh(folder):
            yield folder
    for name in named:
        folder = Path(os.path.normpath(root / Path(name).expanduser()))
        if fresh(folder):
            yield folder
        elif not folder.is_dir():
            notes.append(f"the environment folder {name} does not exist")


def _inside(root: Path, notes: list[str]) -> Iterator[Path]:
    for searched, (place, names, _) in enumerate(os.walk(root)):
        if searched == MAX_SEARCHED_FOLDERS:
            notes.append(
                f"the search for environment folders stopped after {MAX_SEARCHED_FOLDERS} folders"
            )
            return
        found = [name for name in names if is_environment(Path(place, name))]
        for name in sorted(found):
            yield Path(place, name)
        names[:] = sorted(
            name
            for name in names
            if name not in found
            and name not in NEVER_ENTERED
            and not Path(place, name, ".git").exists()
        )


def is_environment(folder: Path) -> bool:
    if folder.is_symlink():
        return False
    return folder.name == "node_modules" or (folder / "pyvenv.cfg").is_file()


def _path(
    root: Path,
    directory: str,
    *,
    folders: Sequence[Path],
    inherited: Sequence[str],
    notes: list[str],
) -> list[str]:
    # A claim can add a `python` that always succeeds to a folder of the tree, so those come last.
    last = [entry for entry in inherited if _is_of_tree(Path(entry), root, folders)]
    path = [*(entry for entry in inherited if entry not in last), *last]
    # The project's environment comes first even if the user has not activated it.
    places = [root / directory, root]
    for place in places:
        for name in (".venv", "venv"):
            folder = place / name
            if folder in folders and (folder / "bin").is_dir():
                if str(folder / "bin") not in path:
                    path.insert(0, str(folder / "bin"))
                    notes.append(f"{folder.relative_to(root)}/bin comes first on PATH")
                return path
    return path


def _is_of_tree(entry: Path, root: Path, folders: Sequence[Path]) -> bool:
    return within(entry, (root,)) and not within(entry, folders)


def _programs(commands: Iterable[str]) -> Iterator[str]:
    # Every word may be a program, as in `env X=1 tox`; a word that is none is not found on PATH.
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError:
            words = command.split()
        yield from (word for word in words if word and not word.startswith("-"))


def _carried(root: Path, globs: Sequence[str], *, notes: list[str]) -> Iterator[str]:
    for pattern in globs:
        if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
            notes.append(f"carry: {pattern!r} leads out of the repository, so it is ignored")
            continue
        matches = sorted(path for path in root.glob(pattern) if path.is_file())
        if not matches:
            notes.append(f"carry: nothing matches {pattern!r}")
        for path in (str(match.relative_to(root)) for match in matches):
            if why := _obstacle(root, path):
                notes.append(f"carry: {path!r} {why}, so clones do not have it")
            else:
                yield path


def _obstacle(root: Path, path: str) -> str:
    try:
        with SafeDir(root) as opened:
            size = opened.size(path)
    except BadPath as error:
        return f"cannot be copied: {error.why}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return f"has more than {CARRIED_LIMIT >> 20} MiB" if size > CARRIED_LIMIT else ""
