"""Keeps the commands of Claude Code apart from Claude Code itself."""

import ctypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from agentproxy.workers.program import INSIDE
from agentproxy.workspace.environment.toolchains import INSIDE_HOME
from agentproxy.workspace.sandbox.copies import discard
from agentproxy.workspace.sandbox.port import Mount

SHELL: Final = f"{INSIDE}/shell"
_PYTHON: Final = f"{INSIDE}/python"
_GUARD: Final = Path(__file__).with_name("shell_guard.py")
# Claude Code reads them when it starts, before any command is kept apart.
_STARTUP: Final = (
    ".bash_login", ".bash_logout", ".bash_profile", ".bashrc", ".profile", ".zlogin", ".zprofile",
    ".zshenv", ".zshrc",
)  # fmt: skip
_CREATE_RULESET, _VERSION_FLAG = 444, 1


@cache
def is_possible() -> bool:
    """Whether the kernel has Landlock."""
    try:
        return ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG) > 0
    except (AttributeError, OSError):  # not Linux
        return False


@dataclass(frozen=True, slots=True)
class KeptApart:
    """The program that runs each command line, and the mounts that it needs."""

    shell: str
    mounts: Sequence[Mount]


def keep_apart(home: Path) -> KeptApart:
    """Prepares a start with this private HOME. Blocking."""
    for name in _STARTUP:
        _remove(home / name)
    python, mounts = _interpreter()
    # One word: the program calls it with the command line as its only argument.
    script = home.parent / "shell"
    _remove(script)
    script.write_text(f"#!{python} -IS\n{_GUARD.read_text()}")
    script.chmod(0o755)
    hidden = [Mount(at=f"{INSIDE_HOME}/{name}", mode="hidden") for name in _STARTUP]
    shown = Mount(at=SHELL, mode="ro", source=script, is_ours=True)
    return KeptApart(SHELL, (*mounts, shown, *hidden))


def _remove(path: Path) -> None:
    # Nothing here is opened or followed: commands of an earlier round could write in the HOME.
    if path.is_dir() and not path.is_symlink():
        discard(path)
    else:
        path.unlink(missing_ok=True)


def _interpreter() -> tuple[str, Sequence[Mount]]:
    base = Path(sys.base_prefix).resolve()
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    # The sandbox shows these folders anyway.
    if base.is_relative_to("/usr") or base.is_relative_to("/opt"):
        return str(base / name), ()
    return f"{_PYTHON}/{name}", (Mount(at=_PYTHON, mode="ro", source=base),)
