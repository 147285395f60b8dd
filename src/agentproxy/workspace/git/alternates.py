"""Finds the object stores of the user's repository: its own, and its alternates."""

import os
import re
from pathlib import Path

from agentproxy.workspace.git.filenames import quoted_path
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.sandbox.port import Mount

INSIDE = "/run/agentproxy/objects"
MAX_STORES = 32
ALTERNATES_LIMIT = 1 << 20  # bytes
ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
LETTERS = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
}


def mount_point(number: int) -> str:
    return INSIDE if number == 0 else f"{INSIDE}-{number}"


def object_stores(repository: Repository) -> list[Path]:
    """Returns the user's own store, then its alternates, without duplicates."""
    stores = [repository.objects]
    for store in stores:  # the list grows in the loop: an alternate has alternates
        for named in _alternates(store):
            if named not in stores and named.is_dir() and len(stores) < MAX_STORES:
                stores.append(named)
    return stores


def alternates(repository: Repository, *, inside: bool) -> bytes:
    """Returns an `info/alternates` file with which another git directory reads the stores."""
    stores = object_stores(repository)
    if inside:
        lines = [mount_point(number) for number in range(len(stores))]
    else:
        lines = [quoted_path(store) for store in stores]
    return os.fsencode("".join(f"{line}\n" for line in lines))


def object_mounts(repository: Repository) -> tuple[Mount, ...]:
    """Returns read-only mounts of all stores, at the paths that `alternates` writes."""
    mounts: list[Mount] = []
    for number, store in enumerate(object_stores(repository)):
        mounts.append(Mount(at=mount_point(number), mode="ro", source=store))
        listed = store / "info/alternates"
        # Hidden: the paths in it are those of the host, which the sandbox does not have.
        if listed.is_file():
            mounts.append(
                Mount(at=f"{mount_point(number)}/info/alternates", mode="hidden", source=listed)
            )
    return tuple(mounts)


def _alternates(store: Path) -> list[Path]:
    try:
        with (store / "info/alternates").open("rb") as stream:
            content = stream.read(ALTERNATES_LIMIT)
    except OSError:
        return []
    lines = [line for line in content.split(b"\n") if line and not line.startswith(b"#")]
    return [(store / os.fsdecode(_unquoted(line))).resolve() for line in lines]


def _unquoted(line: bytes) -> bytes:
    if not (line.startswith(b'"') and line.endswith(b'"') and len(line) > 1):
        return line
    return ESCAPE.sub(_character, line[1:-1])


def _character(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    return bytes([int(escaped, 8) & 0xFF]) if escaped.isdigit() else LETTERS.get(escaped, escaped)
