"""Finds the caches of the tools that a project uses, and what tools wrote into the project."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.files.pathnames import BadPath
from agentproxy.files.safe_files import SafeDir
from agentproxy.workspace.environment.tool_caches import (
    LONGEST_TEXT,
    PDM_PYTHON,
    WRITTEN_BY_TOOLS,
    Cache,
    store_of,
    used_caches,
    words_in,
)
from agentproxy.workspace.environment.toolchains import INSIDE_HOME, Toolchains

MOST_NAMES = 2_000  # of one folder
MOST_WORDS = 200
LONGEST_PATH = 4096
# These name the commands that a check runs through them.
COMMAND_FILES = (
    "Makefile", "GNUmakefile", "makefile", "justfile", "Justfile", "Taskfile.yml", "package.json",
    "tox.ini", "noxfile.py",
)  # fmt: skip
SITES = "lib/python3*/site-packages"


@dataclass
class Caches:
    """Folders to show in layers, by where a job finds them, and variables that name them."""

    folders: dict[str, Path] = field(default_factory=dict[str, Path])
    hidden: list[str] = field(default_factory=list[str])
    env: dict[str, str] = field(default_factory=dict[str, str])
    tools: list[str] = field(default_factory=list[str])

    def add(self, cache: Cache, folder: Path, toolchains: Toolchains) -> None:
        parts = [part for part in cache.parts or (".",) if _may_be_shown(folder / part, toolchains)]
        if not folder.is_absolute() or not parts:
            return
        self.tools.append(cache.tool)
        at = Path(INSIDE_HOME, cache.usual) if cache.in_home else folder
        for part in parts:
            self.folders[os.path.normpath(at / part)] = folder / part
        for pattern in cache.hidden:
            self.hidden += sorted(str(path) for path in folder.glob(pattern))
        for configuration in folder.glob(cache.environments) if cache.environments else ():
            toolchains.show_base(configuration.parent)
        self.env |= cache.env
        if cache.variable and not cache.in_home:
            self.env[cache.variable] = str(folder)


@dataclass(frozen=True, slots=True)
class ToolTraces:
    """What shows the tools that a project uses: names of files, and words of its commands."""

    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


def find_traces(root: Path, place: Path, commands: Sequence[str]) -> ToolTraces:
    """Looks from `place`, the folder in which commands run, up to the root."""
    names: set[str] = set()
    texts = list(commands)
    words = sorted({word for command in commands for word in command.split()})[:MOST_WORDS]
    for folder in (place, *place.parents):
        if not folder.is_relative_to(root):
            break
        here = {entry.name for entry in _entries(folder)}
        names |= here
        texts += _texts(folder, [*(name for name in COMMAND_FILES if name in here), *words])
    return ToolTraces(frozenset(names), words_in(texts))


def find_caches(
    environ: Mapping[str, str], traces: ToolTraces, *, toolchains: Toolchains
) -> Caches:
    """Finds what the tools of a project keep outside of it. Runs no program.

    The interpreters of environments in a cache are shown in `toolchains`.
    """
    found = Caches()
    for cache in used_caches(traces.words, traces.names):
        found.add(cache, _folder_of(cache, environ, toolchains.home), toolchains)
    return found


def find_stores(environment: Path) -> Iterator[Path]:
    """Returns the stores that links of an environment lead into."""
    seen: set[str] = set()
    for link in _links(environment):
        store = store_of(os.path.realpath(link))
        if store and store not in seen:
            seen.add(store)
            yield Path(store)


def _links(environment: Path) -> Iterator[str]:
    tops = [environment] if environment.name == "node_modules" else environment.glob(SITES)
    for top in tops:
        for entry in _entries(top):
            if entry.is_symlink():
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                # uv links each file, and npm has a folder for each scope.
                yield from (each.path for each in _entries(Path(entry.path)) if each.is_symlink())


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry, _ in zip(found, range(MOST_NAMES), strict=False)]
    except OSError:
        return []


def _texts(folder: Path, names: Iterable[str]) -> Iterator[str]:
    with SafeDir(folder) as opened:
        for name in names:
            try:
                yield opened.read(name, limit=LONGEST_TEXT).decode(errors="replace")
            # Most words are no files.
            except (OSError, BadPath, ValueError):
                continue


def _folder_of(cache: Cache, environ: Mapping[str, str], home: Path) -> Path:
    if named := environ.get(cache.variable, "") if cache.variable else "":
        return Path(os.path.normpath(named))
    if cache.variable == "GOMODCACHE" and (gopath := environ.get("GOPATH", "")):
        return Path(gopath.split(os.pathsep)[0], "pkg/mod")
    for variable, usual in (("XDG_CACHE_HOME", ".cache/"), ("XDG_DATA_HOME", ".local/share/")):
        if cache.usual.startswith(usual) and (named := environ.get(variable, "")):
            return Path(named, cache.usual.removeprefix(usual))
    return home / cache.usual


def _may_be_shown(folder: Path, toolchains: Toolchains) -> bool:
    real = Path(os.path.realpath(folder))
    return folder.is_dir() and not any(map(toolchains.is_closed, (folder, real)))


def written_by_tools(root: Path, directory: str) -> list[str]:
    """Returns the files, relative to the root, that tools write into a project and need again."""
    place = Path(os.path.normpath(root / directory))
    found = [
        os.path.relpath(folder / name, root)
        for folder in dict.fromkeys((place, root))
        for name in WRITTEN_BY_TOOLS
        if folder.is_relative_to(root) and (folder / name).is_file()
    ]
    return [name for name in found if not name.startswith("..")]


def pdm_environment(root: Path, files: Collection[str]) -> Path | None:
    """Returns the environment that PDM wrote down in one of these files."""
    for name in files:
        if not name.endswith(PDM_PYTHON):
            continue
        with SafeDir(root) as opened:
            try:
                text = opened.read(name, limit=LONGEST_PATH).decode().strip()
            except (OSError, BadPath, ValueError):
                continue
        folder = Path(text).parent.parent
        if folder.is_absolute() and "\0" not in text and (folder / "pyvenv.cfg").is_file():
            return folder
    return None
