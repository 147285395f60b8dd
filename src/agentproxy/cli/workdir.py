"""The stored default directory (`--set-workdir`), and which directory a task works in."""

import os
from pathlib import Path

from agentproxy.app.utf8_check import is_text
from agentproxy.cli.failure import Failure
from agentproxy.cli.faults import as_failures

FILE = "workdir"
IN_FULL = "give the path in full, or begin it with ./"


def stored() -> str:
    """The stored directory, or ""."""
    try:
        return (
            (_home(current_folder()) / FILE)
            .read_text(encoding="utf-8", errors="replace")
            .rstrip("\n")
        )
    except OSError:
        return ""


def store(given: str) -> str:
    """Store a directory as the default, and say it in full."""
    directory = _existing(given)
    if not is_text(str(directory)):
        raise Failure(f"{directory}: its path is not UTF-8", cure="rename the folder")
    home = _home(current_folder())
    part = home / f".{FILE}.{os.getpid()}"
    with as_failures():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_text(f"{directory}\n", encoding="utf-8")
        part.replace(home / FILE)
    return str(directory)


def chosen(given: str | None) -> Path:
    """The directory of a task: what was given, what is stored, where we stand."""
    if given is not None:
        return _existing(given)
    default = stored()
    return _existing(default) if default else current_folder()


def current_folder() -> Path:
    """The folder that this process works in."""
    try:
        return Path.cwd()
    except OSError:
        raise Failure("the working folder is gone", cure="cd to a folder that exists") from None


def refuse_home_inside(directory: Path) -> None:
    """Refuse a home of ours in the repository around a directory: claims and bases could hold it.

    Only looks; the home may not exist yet.
    """
    home = Path(os.path.realpath(_home(directory)))
    start = Path(os.path.realpath(directory))
    around = (each for each in (start, *start.parents) if os.path.lexists(each / ".git"))
    root = next(around, None)
    if root is not None and home.is_relative_to(root):
        raise Failure(
            f"the home of Agent Proxy is inside the repository: {home}",
            cure=f"set AGENTPROXY_HOME to a folder outside of {root}",
        )


def in_full(given: str) -> Path:
    """A path as it was typed, with the home of whom it names."""
    try:
        path = Path(given).expanduser()
        return path if path.is_absolute() else current_folder() / path
    except RuntimeError:
        raise Failure(f"{given}: nobody of that name has a home here", cure=IN_FULL) from None


def _existing(given: str) -> Path:
    directory = Path(os.path.normpath(in_full(given)))
    if not os.path.isdir(directory):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        raise Failure(f"{given}: there is no such directory", cure="give an existing directory")
    return directory


def _home(directory: Path) -> Path:
    from agentproxy.app.context import read_settings, read_user

    with as_failures():
        user = read_user()
        return read_settings(os.environ, directory, user, forgive=lambda _: None).home
