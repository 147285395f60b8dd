"""The object stores of the user's repository: its own, and the chain of its alternates."""

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


def inside_name(number: int) -> str:
    """Where a store is mounted inside a sandbox; the user's own is number 0."""
    return INSIDE if number == 0 else f"{INSIDE}-{number}"


def object_stores(repository: Repository) -> list[Path]:
    """The user's own store first, then its alternates, each once."""
    stores = [repository.objects]
    for store in stores:  # grows while it is walked
        for named in _alternates(store):
            if named not in stores and named.is_dir() and len(stores) < MAX_STORES:
                stores.append(named)
    return stores


def alternates(repository: Repository, *, inside: bool) -> bytes:
    """The file that lets another git directory read the stores, in a sandbox or out of it."""
    stores = object_stores(repository)
    if inside:
        lines = [inside_name(number) for number in range(len(stores))]
    else:
        lines = [quoted_path(store) for store in stores]
    return os.fsencode("".join(f"{line}\n" for line in lines))


def object_mounts(repository: Repository) -> tuple[Mount, ...]:
    """All stores, read-only. Their own lists of alternates name paths that are not inside."""
    mounts: list[Mount] = []
    for number, store in enumerate(object_stores(repository)):
        mounts.append(Mount(at=inside_name(number), mode="ro", source=store))
        listed = store / "info/alternates"
        if listed.is_file():
            mounts.append(
                Mount(at=f"{inside_name(number)}/info/alternates", mode="hidden", source=listed)
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
    told = match[1]
    return bytes([int(told, 8) & 0xFF]) if told.isdigit() else LETTERS.get(told, told)
