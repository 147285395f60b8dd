"""The stored default directory (`--set-workdir`), and which directory a task works in."""

import os
from pathlib import Path

from agentproxy.cli.failure import Failure

FILE = "workdir"


def stored() -> str:
    """The stored directory, or ""."""
    try:
        return (_home() / FILE).read_text().rstrip("\n")
    except OSError:
        return ""


def store(given: str) -> str:
    """Store a directory as the default, and say it in full."""
    directory = _existing(given)
    home = _home()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = home / f".{FILE}.{os.getpid()}"
    part.write_text(f"{directory}\n")
    part.replace(home / FILE)
    return str(directory)


def chosen(given: str | None) -> Path:
    """The directory of a task: what was given, what is stored, where we stand."""
    if given is not None:
        return _existing(given)
    default = stored()
    return _existing(default) if default else Path.cwd()


def _existing(given: str) -> Path:
    directory = Path(os.path.normpath(Path.cwd() / Path(given).expanduser()))
    if not directory.is_dir():
        raise Failure(f"{given}: there is no such directory", cure="give an existing directory")
    return directory


def _home() -> Path:
    from agentproxy.app.house import read_settings, read_user
    from agentproxy.cli.faults import as_failures

    with as_failures():
        user = read_user()
        return read_settings(os.environ, Path.cwd(), user, forgive=lambda _: None).home
