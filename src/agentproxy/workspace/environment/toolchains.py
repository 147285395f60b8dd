"""Finds the folders outside the tree that commands need, and decides which a job may see."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from agentproxy.text.sensitive import CLOSES_A_FOLDER

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/dev", "/proc")
SHARED_MEMORY = "/dev/shm"  # a temporary folder of the host, which a job has of its own
KEPT_VARIABLES = (
    "LANG", "LANGUAGE", "TZ", "TERM", "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT",
    "PYENV_VERSION", "NVM_DIR", "JAVA_HOME", "GOROOT", "NODE_PATH", "PYTHONPATH", "SHELL",
    "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED",
)  # fmt: skip
INSIDE_HOME = "/home/agent"
PROGRAMS = ("bin", "sbin", "shims")
# A tool's dot folder in HOME also holds its settings and credentials: only these parts are mounted.
PARTS = (
    "bin", "candidates", "include", "install", "installs", "lib", "lib64", "libexec", "plugins",
    "share", "shims", "tools", "version", "versions",
)  # fmt: skip
CLOSED = (".local", ".local/share", ".cargo", ".config")
MANAGERS = {
    "PYENV_ROOT": ".pyenv", "RBENV_ROOT": ".rbenv", "NODENV_ROOT": ".nodenv", "NVM_DIR": ".nvm",
    "ASDF_DATA_DIR": ".asdf", "VOLTA_HOME": ".volta", "MISE_DATA_DIR": ".local/share/mise",
}  # fmt: skip


@dataclass
class Toolchains:
    """Folders to mount read-only, and variables that point into them.

    HOME and the repository `root` are never among the folders.
    """

    home: Path
    root: Path
    folders: list[Path] = field(default_factory=list[Path])
    env: dict[str, str] = field(default_factory=dict[str, str])
    path: list[str] = field(default_factory=list[str])

    @cached_property
    def _closed(self) -> frozenset[Path]:
        return frozenset(self.home / name for name in (*CLOSED, *CLOSES_A_FOLDER))

    def show(self, folder: Path) -> None:
        """Mounts a folder, unless it is mounted already or must stay private."""
        if not folder.exists() or is_of_system(folder):
            return
        if folder.is_dir() and self.is_closed(folder):
            return
        if within(folder, self.folders):
            return
        self.folders = [known for known in self.folders if not within(known, (folder,))]
        self.folders.append(folder)

    def is_closed(self, folder: Path) -> bool:
        """Whether a folder must stay private: it holds HOME or credentials."""
        closed = folder in self._closed
        return closed or within(self.home, (folder,)) or holds_credentials(folder)

    def show_programs(self, folder: Path) -> None:
        """Mounts a folder of programs and their installation."""
        self.show(folder)
        # A program of npm needs the packages beside its own.
        if "node_modules" in folder.parts and not within(folder, (self.root,)):
            end = folder.parts.index("node_modules") + 1
            self.show(Path(*folder.parts[:end]))
        # A program in PREFIX/bin reads PREFIX/lib and PREFIX/share.
        around = folder.parent
        if folder.name not in PROGRAMS or self.root.is_relative_to(around):
            return
        if around.parent == self.home and around.name.startswith("."):
            for part in PARTS if not self.is_closed(around) else ():
                self.show(around / part)
        else:
            self.show(around)

    def show_program(self, program: Path) -> None:
        """Mounts a program, its symbolic links, and their installations."""
        for hop in links(program):
            if is_of_system(hop) or within(hop.parent, (self.root, *self.folders)):
                continue
            # The folder must stay private, or the job has its own: only the file is mounted.
            if is_of_system(hop.parent) or self.is_closed(hop.parent):
                self.show(hop)
            else:
                self.show_programs(hop.parent)

    def show_base(self, venv: Path) -> None:
        programs = python_behind(venv)
        if programs is not None:
            self.show_programs(programs)
            self.show_program(venv / "bin/python")


def is_of_system(path: Path) -> bool:
    """Whether every job has it, or a folder of its own in that place."""
    below_memory = str(path).startswith(f"{SHARED_MEMORY}/")
    return within(path, _SYSTEM) and not below_memory


def within(path: Path, folders: Iterable[str | Path]) -> bool:
    """Whether a path is one of these folders, or below one. All are absolute."""
    # `Path.is_relative_to` takes ten times as long, and a run asks some thousand times.
    below = f"{path}/"
    return any(below.startswith(f"{str(folder).rstrip('/')}/") for folder in folders)


def holds_credentials(folder: Path) -> bool:
    """Whether the top of a folder has a name that is known for credentials."""
    try:
        names = {entry.name for entry in os.scandir(folder)}
    except OSError:
        # A folder that cannot be listed counts as private.
        return True
    return bool(names & CLOSES_A_FOLDER)


def kept_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that tools need and that hold no secret."""
    kept = {name: environ[name] for name in KEPT_VARIABLES if environ.get(name)}
    kept.update({name: text for name, text in environ.items() if name.startswith("LC_")})
    return kept


def inherited_path(environ: Mapping[str, str]) -> list[str]:
    """Returns the entries of PATH that lead to a folder from everywhere."""
    entries = environ.get("PATH", "").split(os.pathsep)
    return [entry for entry in entries if Path(entry).is_absolute() and Path(entry).is_dir()]


def find_toolchains(
    environ: Mapping[str, str], *, root: Path, place: Path, words: Iterable[str]
) -> Toolchains:
    """Finds the installations of the programs on PATH and of the programs in `words`.

    A word with a slash counts from `place`, the folder in which commands run.
    """
    home = Path(environ.get("HOME") or "/nonexistent")
    found = Toolchains(home=home, root=root, env=kept_environment(environ))
    found.path = inherited_path(environ)
    for folder in map(Path, found.path):
        # The job has its own tree at `root`, so its folders are not mounted from the host.
        if not (is_of_system(folder) or within(folder, (root,))):
            found.show_programs(folder)
    _add_managers(found, home=home, environ=environ)
    for word in words:
        # `which` would look up a word with a slash from the folder in which this process runs.
        name = os.path.normpath(place / word) if "/" in word else word
        located = shutil.which(name, path=os.pathsep.join(found.path))
        if located is not None:
            found.show_program(Path(located))
    _add_bases(found)
    return found


def _add_managers(found: Toolchains, *, home: Path, environ: Mapping[str, str]) -> None:
    for name, usual in MANAGERS.items():
        folder = Path(environ.get(name) or home / usual)
        if any(known.is_relative_to(folder) for known in found.folders):
            # HOME is another folder in the sandbox, so the default place needs a variable.
            found.env[name] = str(folder)
            if name == "PYENV_ROOT":
                found.show(folder)
    local = home / ".local"
    if local / "bin" in found.folders:
        for share in ("share/uv/tools", "share/uv/python", "share/pipx/venvs", "pipx/venvs"):
            found.show(local / share)
        for library in sorted((local / "lib").glob("python3.*")):
            found.show(library)
            found.env["PYTHONUSERBASE"] = str(local)
    found.show(home / ".local/share/uv/python")
    cargo = Path(environ.get("CARGO_HOME") or home / ".cargo")
    if cargo / "bin" in found.folders or environ.get("RUSTUP_HOME"):
        rustup = Path(environ.get("RUSTUP_HOME") or home / ".rustup")
        found.show(rustup)
        found.env["RUSTUP_HOME"] = str(rustup)


def _add_bases(found: Toolchains) -> None:
    # pipx and pyenv keep virtual environments: their base installation may be elsewhere.
    for folder in tuple(found.folders):
        for pattern in ("pyvenv.cfg", "*/pyvenv.cfg", "versions/*/pyvenv.cfg"):
            for configuration in folder.glob(pattern):
                found.show_base(configuration.parent)


def links(path: Path) -> Iterator[Path]:
    for _ in range(40):  # the limit of Linux
        yield path
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def python_behind(venv: Path) -> Path | None:
    """Returns the `bin` folder of the base installation, from pyvenv.cfg."""
    try:
        text = (venv / "pyvenv.cfg").read_text(errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "home" and value.strip().startswith("/"):
            return Path(os.path.normpath(value.strip()))
    return None
