"""Stores the default directory, and chooses the directory of a task."""

import os
from pathlib import Path

from agentproxy.app.utf8_check import is_text
from agentproxy.cli.failure import Failure
from agentproxy.cli.faults import as_failures

FILE = "workdir"
IN_FULL = "write the full path, or begin it with ./"


def stored() -> str:
    try:
        return (
            (_home(current_folder()) / FILE)
            .read_text(encoding="utf-8", errors="replace")
            .rstrip("\n")
        )
    except OSError:
        return ""


def store(given: str) -> str:
    """Returns the full path."""
    directory = _existing(given)
    if not is_text(str(directory)):
        raise Failure(f"{directory}: the path is not UTF-8", cure="rename the folder")
    home = _home(current_folder())
    part = home / f".{FILE}.{os.getpid()}"
    # A replaced file is never read half written.
    with as_failures():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_text(f"{directory}\n", encoding="utf-8")
        part.replace(home / FILE)
    return str(directory)


def chosen(given: str | None) -> Path:
    """The given directory wins, then the stored one, then the current one."""
    if given is not None:
        return _existing(given)
    default = stored()
    return _existing(default) if default else current_folder()


def current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        raise Failure("the current folder is gone", cure="cd to a folder that exists") from None


def refuse_home_inside(directory: Path) -> None:
    # A base or a claim could contain a home in the repository. The home may not exist yet.
    home = Path(os.path.realpath(_home(directory)))
    start = Path(os.path.realpath(directory))
    around = (each for each in (start, *start.parents) if os.path.lexists(each / ".git"))
    root = next(around, None)
    if root is not None and home.is_relative_to(root):
        raise Failure(
            f"the home of Agent Proxy is inside the repository: {home}",
            cure=f"set AGENTPROXY_HOME to a folder outside {root}",
        )


def in_full(given: str) -> Path:
    try:
        path = Path(given).expanduser()
        return path if path.is_absolute() else current_folder() / path
    except RuntimeError:
        raise Failure(f"{given}: there is no such user", cure=IN_FULL) from None


def _existing(given: str) -> Path:
    directory = Path(os.path.normpath(in_full(given)))
    if not os.path.isdir(directory):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        raise Failure(f"{given}: there is no such directory", cure="give an existing directory")
    return directory


def _home(directory: Path) -> Path:
    from agentproxy.app.context import read_settings, read_user

    with as_failures():
        user = read_user()
        # A broken `.env` matters only to a run.
        return read_settings(os.environ, directory, user, forgive=lambda _: None).home
