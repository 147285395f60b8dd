"""Reads the values of the user's git configuration that Agent Proxy uses. Never a program."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.remotes import find_remotes

# How the user's git converts files into blobs and back. None of these names a program or a path.
CONVERSIONS = (
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.trustctime",
    "core.checkstat",
    "core.sharedrepository",
    "core.protecthfs",
    "core.protectntfs",
)
PLAIN_VALUE = re.compile(r"[A-Za-z0-9]+")
INFO_LIMIT = 1 << 20  # bytes of .git/info/attributes and .git/info/exclude


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter driver in the user's configuration. It never runs."""

    name: str
    changes_checkout: bool


@dataclass(frozen=True, slots=True)
class GitSettings:
    conversions: tuple[tuple[str, str], ...] = ()
    attributes: bytes = b""  # content of .git/info/attributes
    exclude: bytes = b""  # content of .git/info/exclude
    excludes: Path | None = None  # the user's global ignore file
    name: str = ""
    email: str = ""
    filters: tuple[Filter, ...] = ()
    lfs: Path = field(default_factory=lambda: Path("/nonexistent"))  # may not exist
    partial: bool = False  # a partial clone: objects may be missing
    remotes: tuple[tuple[str, str], ...] = ()  # names and addresses, without secrets


async def read_settings(git_dir: Path, common_dir: Path, *, root: Path) -> GitSettings:
    """Reads the repository's, the user's and the system's configuration.

    Raises:
        GitError: git cannot parse the configuration.
    """
    values = _parse(await git("config", "--list", "-z", "--includes", where=_as_the_user(git_dir)))
    conversions = tuple(
        (name.removeprefix("core."), values[name])
        for name in CONVERSIONS
        if PLAIN_VALUE.fullmatch(values.get(name, ""))
    )
    return GitSettings(
        conversions=conversions,
        attributes=_read(common_dir / "info/attributes"),
        exclude=_read(common_dir / "info/exclude"),
        excludes=_excludes(values, root),
        name=values.get("user.name", "").strip(),
        email=values.get("user.email", "").strip(),
        filters=_filters(values),
        lfs=_path(values.get("lfs.storage", "lfs"), common_dir),
        partial=_is_partial(values),
        remotes=find_remotes(values),
    )


def _as_the_user(git_dir: Path) -> GitLocation:
    # `git config --list` starts no program, so it may read the user's own files.
    home = os.environ.get("HOME", "/nonexistent")
    env = {
        "HOME": home,
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config",
        "GIT_CONFIG_NOSYSTEM": "0",
        "GIT_CONFIG_SYSTEM": os.environ.get("GIT_CONFIG_SYSTEM"),
        "GIT_CONFIG_GLOBAL": os.environ.get("GIT_CONFIG_GLOBAL"),
    }
    return GitLocation(git_dir=git_dir, cwd=git_dir, env=env)


def _parse(printed: bytes) -> dict[str, str]:
    # Git prints section and key in lower case. The last value of a key counts, and a key without
    # "=" means true.
    values: dict[str, str] = {}
    for entry in printed.decode("utf-8", "surrogateescape").split("\0"):
        key, newline, value = entry.partition("\n")
        values[key] = value if newline else "true"
    return values


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(INFO_LIMIT)
    except OSError:
        return b""


def _path(value: str, beneath: Path) -> Path:
    return beneath / Path(value).expanduser()


def _excludes(values: Mapping[str, str], root: Path) -> Path | None:
    named = values.get("core.excludesfile")
    if named is not None:
        return _path(named, root) if named else None
    home = os.environ.get("HOME", "/nonexistent")
    return Path(os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "git/ignore")


def _filters(values: Mapping[str, str]) -> tuple[Filter, ...]:
    # A driver with only "clean" does not change files at checkout.
    changing: dict[str, bool] = {}
    for key, value in values.items():
        match = re.fullmatch(r"filter\.(.+)\.(smudge|process|clean)", key, re.DOTALL)
        if match:
            changes = match[2] != "clean" and value.strip() not in ("", "cat")
            changing[match[1]] = changing.get(match[1], False) or changes
    return tuple(Filter(name=name, changes_checkout=it) for name, it in sorted(changing.items()))


def _is_partial(values: Mapping[str, str]) -> bool:
    return "extensions.partialclone" in values or any(
        re.fullmatch(r"remote\..+\.(promisor|partialclonefilter)", key) for key in values
    )
