"""Reads and writes git objects: trees, blobs and commits."""

import asyncio
import contextlib
import re
import tempfile
from collections.abc import (
    AsyncGenerator,
    Collection,
    Hashable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Generic, TypeVar

from agentproxy.workspace.git.command import GitLocation, git

OURS = ("Agent Proxy", "agent-proxy@localhost")
MOST_REMEMBERED = 5000  # files in one list
REMEMBERED_BYTES = 1 << 16  # of one blob
LONGEST_HEADER = 128  # bytes that `cat-file --batch` prints beside the content of an object
EPOCH = "@0 +0000"
OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_COMMITTED = re.compile(rb"committer .*> ([0-9]+) ([-+][0-9]{4})")
GITLINK = "160000"
SYMLINK = "120000"
T = TypeVar("T")


def checked(oid: str) -> str:
    """Returns the object id, or raises `ValueError`."""
    # Git would take a name for a ref, and "-x" for an option.
    if not OBJECT_ID.fullmatch(oid):
        raise ValueError(f"{oid!r} is not an object id")
    return oid


@dataclass(frozen=True, slots=True)
class TreeEntry:
    name: bytes
    mode: str  # octal, as git prints it
    oid: str  # of a blob, or of a submodule's commit


@dataclass(frozen=True, slots=True)
class CommitHeader:
    tree: str
    parents: tuple[str, ...]
    date: str  # of the committer, in the form of GIT_COMMITTER_DATE


class Remembered(Generic[T]):
    """The last answers of one kind. What an object id means never changes."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._known: dict[Hashable, T] = {}
        self._asking: dict[Hashable, asyncio.Event] = {}

    def find(self, key: Hashable) -> T | None:
        return self._known.get(key)

    def keep(self, key: Hashable, answer: T) -> None:
        self._known[key] = answer
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    @contextlib.asynccontextmanager
    async def asking(self, key: Hashable) -> AsyncGenerator[None]:
        """Waits for whoever asks under the same key. The answer is then perhaps known."""
        own = asyncio.get_running_loop(), key
        # Whoever asked may have been cancelled, and several may wait.
        while (other := self._asking.get(own)) is not None:
            await other.wait()
        self._asking[own] = done = asyncio.Event()
        try:
            yield
        finally:
            del self._asking[own]
            done.set()


# By the store of objects, and the id.
_listed: Remembered[tuple[TreeEntry, ...]] = Remembered(most=8)
_headers: Remembered[CommitHeader] = Remembered(most=256)
_blobs: Remembered[bytes] = Remembered(most=32)


def _key(where: GitLocation, oid: str) -> tuple[Path | None, str]:
    return where.objects or where.git_dir, checked(oid)


async def list_tree(where: GitLocation, tree: str) -> Sequence[TreeEntry]:
    """Returns the files of a tree or a commit."""
    header = _headers.find(_key(where, tree))
    key = _key(where, header.tree if header else tree)
    async with _listed.asking(key):
        if (known := _listed.find(key)) is not None:
            return known
        printed = await git("ls-tree", "-r", "-z", "--full-tree", tree, where=where)
        entries = tuple(map(_entry, printed.split(b"\0")[:-1]))
        if len(entries) <= MOST_REMEMBERED:
            _listed.keep(key, entries)
    return entries


def _entry(line: bytes) -> TreeEntry:
    about, _, name = line.partition(b"\t")
    mode, _, oid = about.decode().split(" ")
    return TreeEntry(name=name, mode=mode, oid=oid)


async def read_blob(where: GitLocation, oid: str) -> bytes:
    return await git("cat-file", "blob", oid, where=where)


async def read_blobs(
    where: GitLocation, oids: Collection[str], *, most: int, total: int
) -> dict[str, bytes]:
    """Reads many blobs with one process. Leaves out what is not there, what has more than `most`
    bytes, and what would not fit into `total` bytes together with those before it.
    """
    store = where.objects or where.git_dir
    known: dict[str, bytes] = {}
    # Whoever looks at the same change at the same time reads the same files.
    async with _blobs.asking(store):
        for oid in dict.fromkeys(oids):
            if (content := _blobs.find(_key(where, oid))) is not None:
                known[oid] = content
        unknown = [oid for oid in dict.fromkeys(oids) if oid not in known]
        limit = total + LONGEST_HEADER * len(unknown)
        printed = await _print_objects(where, unknown, limit=limit)
        if len(printed) >= limit:
            chosen = await _choose(where, unknown, most=most, total=total)
            printed = await _print_objects(where, chosen)
        for oid, content in _read_printed(printed):
            known[oid] = content
            if len(content) <= REMEMBERED_BYTES:
                _blobs.keep(_key(where, oid), content)
    return _fitting({oid: known[oid] for oid in oids if oid in known}, most=most, total=total)


async def _print_objects(
    where: GitLocation, oids: Sequence[str], *, limit: int | None = None
) -> bytes:
    lines = "".join(f"{oid}\n" for oid in oids).encode()
    if not lines:
        return b""
    return await git("cat-file", "--batch", where=where, stdin=lines, limit=limit)


async def _choose(
    where: GitLocation, oids: Sequence[str], *, most: int, total: int
) -> Sequence[str]:
    """Returns the blobs that fit, by their sizes: all together are too much to print."""
    lines = "".join(f"{oid}\n" for oid in oids).encode()
    about = await git("cat-file", "--batch-check", where=where, stdin=lines)
    chosen: list[str] = []
    for line in about.decode().splitlines():
        oid, kind, size = (*line.split(" "), "")[:3]
        if kind == "blob" and int(size) <= min(most, total):
            total -= int(size)
            chosen.append(oid)
    return chosen


def _read_printed(printed: bytes) -> Iterator[tuple[str, bytes]]:
    start = 0
    while start < len(printed):
        content = printed.index(b"\n", start) + 1
        oid, kind, *size = printed[start : content - 1].decode().split(" ")
        # One that is not there has no size, and no content.
        end = content + int(size[0]) if size else content - 1
        if kind == "blob":
            yield oid, printed[content:end]
        start = end + 1  # a line feed ends each content


def _fitting(blobs: Mapping[str, bytes], *, most: int, total: int) -> dict[str, bytes]:
    chosen: dict[str, bytes] = {}
    for oid, content in blobs.items():
        if len(content) <= min(most, total):
            total -= len(content)
            chosen[oid] = content
    return chosen


async def write_blob(where: GitLocation, content: bytes) -> str:
    # --no-filters: git must not convert the bytes.
    printed = await git("hash-object", "-w", "--stdin", "--no-filters", where=where, stdin=content)
    return printed.decode().strip()


async def write_blobs(where: GitLocation, contents: Collection[bytes]) -> dict[bytes, str]:
    """Writes many blobs with one process. Returns their ids by content."""
    if where.git_dir is None:
        raise ValueError("blobs can only be written with a git directory of our own")
    known = list(dict.fromkeys(contents))
    if not known:
        return {}
    with tempfile.TemporaryDirectory(dir=where.git_dir) as folder:
        files = [Path(folder, str(number)) for number in range(len(known))]
        for file, content in zip(files, known, strict=True):
            file.write_bytes(content)
        # From its folder, by plain names: a path may hold a newline.
        names = "".join(f"{file.name}\n" for file in files).encode()
        printed = await git(
            "hash-object", "-w", "--stdin-paths", "--no-filters",
            where=replace(where, cwd=Path(folder), work_tree=None), stdin=names,
        )  # fmt: skip
    return dict(zip(known, printed.decode().split(), strict=True))


async def tree_of(where: GitLocation, commit: str) -> str:
    return (await _header(where, commit)).tree


async def parents_of(where: GitLocation, commit: str) -> tuple[str, ...]:
    return (await _header(where, commit)).parents


async def date_of(where: GitLocation, commit: str) -> str:
    """Returns the commit's date in the form of GIT_COMMITTER_DATE."""
    return (await _header(where, commit)).date


async def _header(where: GitLocation, commit: str) -> CommitHeader:
    key = _key(where, commit)
    if (known := _headers.find(key)) is not None:
        return known
    # From the commit itself: `rev-parse` does not show parents that a shallow clone cuts off.
    header = _read_header(await git("cat-file", "commit", checked(commit), where=where))
    _headers.keep(key, header)
    return header


def _read_header(commit: bytes) -> CommitHeader:
    tree, *lines = commit.partition(b"\n\n")[0].split(b"\n")
    parents = takewhile(lambda line: line.startswith(b"parent "), lines)
    date = next(filter(None, map(_COMMITTED.fullmatch, lines)), None)
    return CommitHeader(
        tree=tree.removeprefix(b"tree ").decode(),
        parents=tuple(line.removeprefix(b"parent ").decode() for line in parents),
        date=f"@{date[1].decode()} {date[2].decode()}" if date else EPOCH,
    )


async def commit_tree(
    where: GitLocation,
    tree: str,
    *,
    parents: Sequence[str],
    message: str,
    date: str = "",
    author: tuple[str, str] = OURS,
) -> str:
    """Makes a commit. With a fixed date, the same arguments give the same commit."""
    name, email = author
    env: dict[str, str | None] = {
        **where.env,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": OURS[0],
        "GIT_COMMITTER_EMAIL": OURS[1],
    }
    if date:
        env |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    before = [part for parent in parents for part in ("-p", parent)]
    printed = await git(
        "commit-tree", checked(tree), *before, where=replace(where, env=env), stdin=message.encode()
    )
    commit = printed.decode().strip()
    if date:
        _headers.keep(_key(where, commit), CommitHeader(tree, tuple(parents), date))
    return commit


async def names_between(where: GitLocation, before: str, after: str) -> list[bytes]:
    if before == after:
        return []
    # A rename counts as two files.
    printed = await git(
        "diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after, where=where
    )
    return printed.split(b"\0")[:-1]
