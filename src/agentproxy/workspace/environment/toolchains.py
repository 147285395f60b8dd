"""Which folders outside the tree a user's commands need, and which of them may be shown."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.text.sensitive import CLOSES_A_FOLDER

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/dev", "/proc")
KEPT_VARIABLES = (
    "LANG", "LANGUAGE", "TZ", "TERM", "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT",
    "PYENV_VERSION", "NVM_DIR", "JAVA_HOME", "GOROOT", "NODE_PATH", "PYTHONPATH", "SHELL",
    "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED",
)  # fmt: skip
INSIDE_HOME = "/home/agent"
PROGRAMS = ("bin", "sbin", "shims")
# Of a tool's dot folder in HOME only these are shown: its settings and log-ins lie beside them.
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
    """Folders to bind read-only, and variables that point into them.

    `root` is the repository, which is left to the tree; nothing around `home` is ever shown.
    """

    home: Path
    root: Path
    folders: list[Path] = field(default_factory=list[Path])
    env: dict[str, str] = field(default_factory=dict[str, str])
    path: list[str] = field(default_factory=list[str])

    def show(self, folder: Path) -> None:
        """Bind a folder, unless it is shown already or holds more than anybody else should read."""
        if not folder.exists() or within(folder, SYSTEM):
            return
        if folder.is_dir() and self.is_closed(folder):
            return
        if any(folder.is_relative_to(known) for known in self.folders):
            return
        self.folders = [known for known in self.folders if not known.is_relative_to(folder)]
        self.folders.append(folder)

    def is_closed(self, folder: Path) -> bool:
        """Whether a folder is HOME or around it, or holds credentials of the user's."""
        closed = folder in {self.home / name for name in (*CLOSED, *CLOSES_A_FOLDER)}
        return closed or self.home.is_relative_to(folder) or holds_credentials(folder)

    def show_programs(self, folder: Path) -> None:
        """Bind a folder of programs, and of what is around it as much as belongs to them."""
        self.show(folder)
        around = folder.parent
        if folder.name not in PROGRAMS or self.root.is_relative_to(around):
            return
        if around.parent == self.home and around.name.startswith("."):
            for part in PARTS if not self.is_closed(around) else ():
                self.show(around / part)
        else:
            self.show(around)

    def show_program(self, program: Path) -> None:
        """Bind every link on the way to a program, and what each stands on."""
        for hop in links(program):
            if within(hop.parent, (*SYSTEM, self.root, *self.folders)):
                continue
            if self.is_closed(hop.parent):
                self.show(hop)
            else:
                self.show_programs(hop.parent)

    def show_base(self, venv: Path) -> None:
        """Bind the installation that a virtual environment stands on."""
        programs = python_behind(venv)
        if programs is not None:
            self.show_programs(programs)
            self.show_program(venv / "bin/python")


def within(path: Path, folders: Iterable[str | Path]) -> bool:
    """Whether a path lies in one of the folders."""
    return any(path.is_relative_to(folder) for folder in folders)


def holds_credentials(folder: Path) -> bool:
    """Whether a folder has something at its top that nobody else should read."""
    try:
        names = {entry.name for entry in os.scandir(folder)}
    except OSError:
        return True
    return bool(names & CLOSES_A_FOLDER)


def kept_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's variables that tools need and that carry no secrets."""
    kept = {name: environ[name] for name in KEPT_VARIABLES if environ.get(name)}
    kept.update({name: text for name, text in environ.items() if name.startswith("LC_")})
    return kept


def find_toolchains(environ: Mapping[str, str], *, root: Path, words: Iterable[str]) -> Toolchains:
    """What lies behind the user's PATH, and behind the programs in `words`.

    A folder of PATH inside `root` belongs to the tree and is left to it.
    """
    home = Path(environ.get("HOME") or "/nonexistent")
    found = Toolchains(home=home, root=root, env=kept_environment(environ))
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if not entry or not folder.is_absolute() or not folder.is_dir():
            continue
        found.path.append(entry)
        if within(folder, (*SYSTEM, root)):
            continue
        found.show_programs(folder)
    _add_managers(found, home=home, environ=environ)
    for word in words:
        located = shutil.which(word, path=environ.get("PATH"))
        if located is not None:
            found.show_program(Path(located))
    _add_bases(found)
    return found


def _add_managers(found: Toolchains, *, home: Path, environ: Mapping[str, str]) -> None:
    """Package stores that the tools on PATH read, never the folders around them."""
    for name, usual in MANAGERS.items():
        folder = Path(environ.get(name) or home / usual)
        if any(known.is_relative_to(folder) for known in found.folders):
            # HOME is another one inside, so the usual place has to be named.
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
    if cargo / "bin" in found.folders:
        rustup = Path(environ.get("RUSTUP_HOME") or home / ".rustup")
        for needed in (cargo / "registry", cargo / "git", rustup):
            found.show(needed)
        found.env |= {"RUSTUP_HOME": str(rustup), "CARGO_NET_OFFLINE": "true"}
    modules = Path(
        environ.get("GOMODCACHE") or Path(environ.get("GOPATH") or home / "go") / "pkg/mod"
    )
    if shutil.which("go", path=environ.get("PATH")) and modules.is_dir():
        found.show(modules)
        found.env |= {"GOMODCACHE": str(modules), "GOPROXY": "off", "GOFLAGS": "-modcacherw"}


def _add_bases(found: Toolchains) -> None:
    """The installations behind virtual environments among the tools: those of pipx and pyenv."""
    for folder in tuple(found.folders):
        for pattern in ("pyvenv.cfg", "*/pyvenv.cfg", "versions/*/pyvenv.cfg"):
            for configuration in folder.glob(pattern):
                found.show_base(configuration.parent)


def links(path: Path) -> Iterator[Path]:
    """A path and every path that its symbolic links lead through, at most 40."""
    for _ in range(40):
        yield path
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def python_behind(venv: Path) -> Path | None:
    """Where the programs are that a virtual environment stands on, from its pyvenv.cfg."""
    try:
        text = (venv / "pyvenv.cfg").read_text(errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "home" and value.strip().startswith("/"):
            return Path(os.path.normpath(value.strip()))
    return None
