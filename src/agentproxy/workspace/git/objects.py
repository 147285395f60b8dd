"""Reads and writes git objects: trees, blobs and commits."""

import re
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentproxy.workspace.git.command import GitLocation, git

OURS = ("Agent Proxy", "agent-proxy@localhost")
REMEMBERED = 8  # lists of files
MOST_REMEMBERED = 5000  # files in one
OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
GITLINK = "160000"
SYMLINK = "120000"


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


# What an object id means never changes.
_listed: dict[tuple[Path | None, str], tuple[TreeEntry, ...]] = {}


async def list_tree(where: GitLocation, tree: str) -> Sequence[TreeEntry]:
    """Returns the files of a tree or a commit. The last few answers are remembered."""
    key = where.objects or where.git_dir, checked(tree)
    if (known := _listed.get(key)) is not None:
        return known
    printed = await git("ls-tree", "-r", "-z", "--full-tree", tree, where=where)
    entries = tuple(map(_entry, printed.split(b"\0")[:-1]))
    if len(entries) <= MOST_REMEMBERED:
        _listed[key] = entries
    while len(_listed) > REMEMBERED:
        del _listed[next(iter(_listed))]
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
    """Reads many blobs with two processes. Leaves out what is not there, what has more than `most`
    bytes, and what would not fit into `total` bytes together with those before it.
    """
    asked = "".join(f"{checked(oid)}\n" for oid in dict.fromkeys(oids)).encode()
    about = await git("cat-file", "--batch-check", where=where, stdin=asked)
    chosen: list[str] = []
    for line in about.decode().splitlines():
        oid, kind, size = (*line.split(" "), "")[:3]
        if kind == "blob" and int(size) <= min(most, total):
            total -= int(size)
            chosen.append(oid)
    lines = "".join(f"{oid}\n" for oid in chosen).encode()
    printed = await git("cat-file", "--batch", where=where, stdin=lines) if chosen else b""
    found: dict[str, bytes] = {}
    start = 0
    for oid in chosen:
        content = printed.index(b"\n", start) + 1
        end = content + int(printed[start:content].split(b" ")[2])
        found[oid] = printed[content:end]
        start = end + 1  # a line feed ends each blob
    return found


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
    printed = await git(
        "rev-parse", "--verify", "--end-of-options", f"{checked(commit)}^{{tree}}", where=where
    )
    return printed.decode().strip()


async def parents_of(where: GitLocation, commit: str) -> list[str]:
    # From the commit itself: `rev-parse` does not show parents that a shallow clone cuts off.
    header = (await git("cat-file", "commit", checked(commit), where=where)).partition(b"\n\n")[0]
    return [
        line.removeprefix(b"parent ").decode()
        for line in header.split(b"\n")
        if line.startswith(b"parent ")
    ]


async def date_of(where: GitLocation, commit: str) -> str:
    """Returns the commit's date in the form of GIT_COMMITTER_DATE."""
    header = (await git("cat-file", "commit", checked(commit), where=where)).partition(b"\n\n")[0]
    found = re.search(rb"^committer .*> ([0-9]+) ([-+][0-9]{4})$", header, re.MULTILINE)
    return f"@{found[1].decode()} {found[2].decode()}" if found else "@0 +0000"


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
    return printed.decode().strip()


async def names_between(where: GitLocation, before: str, after: str) -> list[bytes]:
    if before == after:
        return []
    # A rename counts as two files.
    printed = await git(
        "diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after, where=where
    )
    return printed.split(b"\0")[:-1]
