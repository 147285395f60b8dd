"""Finds the object stores of a repository and of its submodules."""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.workspace.git.command import GitError, GitLocation, git_status
from agentproxy.workspace.git.lfs import Store
from agentproxy.workspace.git.objects import GITLINK, TreeEntry
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git

GITDIR = b"gitdir: "
POINTER_FILE_LIMIT = 1 << 16  # bytes of a `.git` file
MAX_SUBMODULE_DEPTH = 8  # nested submodules


@dataclass(frozen=True, slots=True)
class SubmoduleSource:
    """The stores of a repository or submodule."""

    root: Path  # the user's checkout
    objects: Path
    lfs: Store
    modules: Path  # the git directories of its submodules
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Submodule:
    entry: TreeEntry
    source: SubmoduleSource | None  # None if no store has the recorded commit
    populated: bool  # the user has checked it out


def source_of(repository: Repository) -> SubmoduleSource:
    return SubmoduleSource(
        root=repository.root,
        objects=repository.objects,
        lfs=Store(repository.settings.lfs),
        modules=repository.common_dir / "modules",
    )


async def find_submodules(
    repository: Repository, source: SubmoduleSource, entries: Sequence[TreeEntry]
) -> AsyncIterator[Submodule]:
    """Yields the submodules in a tree, with the stores that have their recorded commits."""
    links = [entry for entry in entries if entry.mode == GITLINK]
    if not links or source.depth == MAX_SUBMODULE_DEPTH:
        return
    names = await _names(repository, source, entries)
    # The checkout comes first, then `.git/modules`, which also has what is not checked out now.
    for link in links:
        place = source.root / os.fsdecode(link.name)
        candidates = [
            *_checked_out(place),
            *(source.modules / name for name in _safe([*names.get(link.name, []), link.name])),
        ]
        found = None
        for git_dir in candidates:
            store = _common(git_dir)
            if await _holds(repository, store / "objects", link.oid):
                found = SubmoduleSource(
                    root=place,
                    objects=store / "objects",
                    lfs=Store(store / "lfs"),
                    modules=store / "modules",
                    depth=source.depth + 1,
                )
                break
        yield Submodule(entry=link, source=found, populated=_is_there(place / ".git"))


async def _names(
    repository: Repository, source: SubmoduleSource, entries: Sequence[TreeEntry]
) -> dict[bytes, list[bytes]]:
    # Git keeps a submodule in `.git/modules` under its name, which may differ from its path.
    blobs = [entry.oid for entry in entries if entry.name == b".gitmodules"]
    names: dict[bytes, list[bytes]] = {}
    with own_git(repository, objects=source.objects) as where:
        for blob in blobs:
            # 1 means no match; 3 and 128 mean that git cannot parse the file.
            printed, _ = await git_status(
                "config", "-z", "--blob", blob, "--get-regexp", r"^submodule\..*\.path$",
                where=where, accept=(0, 1, 3, 128),
            )  # fmt: skip
            for entry in printed.split(b"\0")[:-1]:
                key, _, path = entry.partition(b"\n")
                name = key.removeprefix(b"submodule.").removesuffix(b".path")
                names.setdefault(path, []).append(name)
    return names


def _safe(names: Sequence[bytes]) -> list[str]:
    # The tree is untrusted: a name must not lead out of `.git/modules`.
    return [
        os.fsdecode(name)
        for name in names
        if name and not name.startswith(b"/") and b".." not in name.split(b"/")
    ]


def _checked_out(place: Path) -> list[Path]:
    dot = place / ".git"
    if dot.is_dir():
        return [dot]
    try:
        with dot.open("rb") as stream:
            content = stream.read(POINTER_FILE_LIMIT)
    except OSError:
        return []
    if not content.startswith(GITDIR):
        return []
    return [(place / os.fsdecode(content.removeprefix(GITDIR).rstrip(b"\r\n"))).resolve()]


def _is_there(place: Path) -> bool:
    return os.path.lexists(place)


def _common(git_dir: Path) -> Path:
    # A linked work tree keeps its objects in the git directory that it shares.
    try:
        named = (git_dir / "commondir").read_bytes()[:POINTER_FILE_LIMIT].strip()
    except OSError:
        return git_dir
    return (git_dir / os.fsdecode(named)).resolve()


async def _holds(repository: Repository, objects: Path, commit: str) -> bool:
    if not _is_there(objects):
        return False
    with own_git(repository, objects=objects) as where:
        return await holds_tree(where, commit)


async def holds_tree(where: GitLocation, commit: str) -> bool:
    """Whether the store has the commit and its tree."""
    try:
        _, code = await git_status(
            "cat-file", "-e", f"{commit}^{{tree}}", where=where, accept=(0, 1, 128)
        )
    except GitError:
        return False
    return code == 0
