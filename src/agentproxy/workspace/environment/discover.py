"""Finds the user's own environment: folders, toolchains, PATH and carried files."""

import json
import os
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.environment.editable_installs import editable_projects, linked_folders
from agentproxy.workspace.environment.find_caches import (
    Caches,
    ToolTraces,
    find_caches,
    find_stores,
    find_traces,
)
from agentproxy.workspace.environment.fingerprint import fingerprint
from agentproxy.workspace.environment.other_checkouts import Copies, find_copies
from agentproxy.workspace.environment.toolchains import (
    Toolchains,
    find_toolchains,
    inherited_path,
    within,
)

MAX_SEARCHED_FOLDERS = 50_000
CARRIED_LIMIT = 64 << 20  # bytes of a file
NEVER_ENTERED = frozenset({".git", ".hg", "__pycache__", ".mypy_cache"})
# Each holds environments of a tool, which are shown where a check names the tool.
OF_TOOLS = {".tox": "tox", ".nox": "nox"}
# What builds an environment, or is asked for one, may be named by no check.
ALWAYS_NEEDED = (
    "python3", "python", "node", "npm", "git", "make", "sh", "bash", "uv", "poetry", "pnpm",
    "yarn", "corepack",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WantedEnvironment:
    commands: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    carry: tuple[str, ...] = ()  # files, relative to the root
    prepare: str = ""
    # Folders in which the base has files: a committed environment is part of the tree.
    committed: Collection[str] = ()
    managed: Path | None = None  # the environment that Poetry or conda reported
    caches: bool = False  # whether to find the caches of tools too


def find_environment(
    root: Path, directory: str, *, environ: Mapping[str, str], wanted: WantedEnvironment
) -> EnvironmentFound:
    """Finds environment folders, toolchains and carried files. Runs no program."""
    notes: list[str] = []
    place = _place(root, directory)
    traces = find_traces(root, place, (*wanted.commands, wanted.prepare))
    named = [*([str(wanted.managed)] if wanted.managed else []), *wanted.folders]
    folders = [
        folder
        for folder in _folders(
            root, traces, environ=environ, named=named, committed=wanted.committed, notes=notes
        )
        if not _is_committed(root, folder, wanted.committed, notes=notes)
    ]
    words = {*ALWAYS_NEEDED, *_programs((*wanted.commands, wanted.prepare))}
    tools = find_toolchains(environ, root=root, place=place, words=sorted(words))
    path = _path(root, directory, folders=folders, inherited=tools.path, notes=notes)
    if wanted.managed is not None:
        path.insert(0, str(wanted.managed / "bin"))
        notes.append(f"{wanted.managed}/bin comes first on PATH")
    caches = find_caches(environ, traces, toolchains=tools) if wanted.caches else Caches()
    if caches.tools:
        notes.append(f"caches are shown: {', '.join(dict.fromkeys(caches.tools))}")
    used = _used(folders, path, (*wanted.commands, wanted.prepare), root=root)
    copies = _show_installations(folders, tools, used=used)
    notes += _describe_copies(copies)
    return EnvironmentFound(
        folders=tuple(str(folder) for folder in folders),
        toolchains=tuple(str(folder) for folder in tools.folders),
        path=os.pathsep.join(path),
        env={**tools.env, **caches.env},
        caches={at: str(folder) for at, folder in caches.folders.items()},
        hidden=tuple(caches.hidden),
        checkouts=tuple(str(copy) for copy in copies.checkouts),
        elsewhere=tuple(str(copy) for copy in copies.elsewhere),
        carried=tuple(_carried(root, wanted.carry, folders=folders, notes=notes)),
        prepare=wanted.prepare,
        notes=tuple(notes),
        prints={str(folder): fingerprint(folder) for folder in folders},
    )


def find_folders(root: Path, directory: str, *, environ: Mapping[str, str]) -> list[Path]:
    """Finds the environment folders alone, without the tools outside of them."""
    traces = find_traces(root, _place(root, directory), ())
    return list(_folders(root, traces, environ=environ, named=(), committed=(), notes=[]))


def find_path(root: Path, directory: str, *, environ: Mapping[str, str]) -> str:
    """Finds the PATH that commands have, and nothing else of an environment."""
    folders = find_folders(root, directory, environ=environ)
    inherited = inherited_path(environ)
    return os.pathsep.join(_path(root, directory, folders=folders, inherited=inherited, notes=[]))


def _place(root: Path, directory: str) -> Path:
    return Path(os.path.normpath(root / directory))


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
        for linked in (*find_stores(folder), *shown[folder]):
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
    root: Path,
    traces: ToolTraces,
    *,
    environ: Mapping[str, str],
    named: Sequence[str],
    committed: Collection[str],
    notes: list[str],
) -> Iterator[Path]:
    seen: set[Path] = set()

    def fresh(folder: Path) -> bool:
        if folder in seen or not folder.is_dir():
            return False
        seen.add(folder)
        return True

    home = Path(environ.get("HOME") or "/nonexistent")
    for found in _inside(root, traces, notes):
        folders = [found]
        if found.is_symlink():
            target = Path(os.path.realpath(found))
            note = _follow(found, target, root, home=home, committed=committed)
            notes.append(f"{found.relative_to(root)} is a link to {target}{note}")
            # Its programs name their interpreter by the path that it was made at.
            folders = [] if note else [found, *(() if within(target, seen) else (target,))]
        yield from filter(fresh, folders)
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


def _follow(link: Path, target: Path, root: Path, *, home: Path, committed: Collection[str]) -> str:
    """Returns why a link to an environment is not followed, and what to do, or ""."""
    if root.is_relative_to(target) or Toolchains(home=home, root=root).is_closed(target):
        return ", which stays private: move the packages to a folder of their own"
    # The repository has it, so a stranger may have chosen where it leads.
    if str(link.relative_to(root)) in committed and not target.is_relative_to(root):
        return (
            f" and is committed, so it is not followed: write environment = "
            f"[{json.dumps(str(target))}] in agentproxy.toml, then run pa trust"
        )
    return ""


def _inside(root: Path, traces: ToolTraces, notes: list[str]) -> Iterator[Path]:
    closed = {folder for folder, tool in OF_TOOLS.items() if tool not in traces.words}
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
            and name not in closed
            and not Path(place, name, ".git").exists()
        )


def is_environment(folder: Path) -> bool:
    if folder.name in ("node_modules", "__pypackages__") or (folder / "pyvenv.cfg").is_file():
        return True
    # Yarn, Composer and Bundler
    around = folder.parent.name
    if (around, folder.name) in ((".yarn", "cache"), (".yarn", "unplugged"), ("vendor", "bundle")):
        return True
    return folder.name == "vendor" and (folder / "composer/installed.json").is_file()


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


def _carried(
    root: Path, files: Sequence[str], *, folders: Sequence[Path], notes: list[str]
) -> Iterator[str]:
    for path in files:
        # An environment is shown as a whole.
        if within(root / path, folders):
            continue
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
