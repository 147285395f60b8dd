"""Checks that a clone can have every file that the user has (decision 4)."""

import asyncio
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from agentproxy.workspace.git.attributes import filtered_files
from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.lfs import Pointer, measure, read_head, read_pointer
from agentproxy.workspace.git.objects import list_tree, read_blob
from agentproxy.workspace.git.repository import Repository, RepositoryUnusable
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.git.submodules import SubmoduleSource, find_submodules, source_of

MAX_SHOWN_PATHS = 5


async def check_materials(repository: Repository, tree: str) -> list[str]:
    """Checks that every file of a tree can be written without the network.

    Adds large files that only the work tree has to the LFS store. Returns a note for each file or
    submodule that the user's own tree lacks as well.

    Raises:
        RepositoryUnusable: a file cannot be written. The cure is a command.
    """
    return await _check(repository, source_of(repository), tree, within="")


async def _check(
    repository: Repository, source: SubmoduleSource, tree: str, *, within: str
) -> list[str]:
    with own_git(repository, objects=source.objects) as where:
        await _check_objects(repository, where, tree, root=source.root)
        entries = await list_tree(where, tree)
        filters = await filtered_files(repository, where, entries)
        notes = _check_drivers(repository, filters)
        blobs = {e.name: e.oid for e in entries if filters.get(e.name) == "lfs"}
        notes += await _check_large(source, where, blobs=blobs)
    notes = [f"{within}{note}" for note in notes]
    async for submodule in find_submodules(repository, source, entries):
        name = f"{within}{in_a_sentence(submodule.entry.name)}"
        oid = submodule.entry.oid
        if submodule.source is not None:
            notes += await _check(repository, submodule.source, oid, within=f"{name}/")
        elif submodule.populated:
            raise RepositoryUnusable(
                f"the submodule {name} does not have its commit {oid[:12]}",
                cure=f"git -C {_at(repository.root)} submodule update --init --recursive",
            )
        else:
            notes.append(f"the submodule {name} is not checked out, so it is empty in clones too")
    return notes


async def _check_objects(
    repository: Repository, where: GitLocation, tree: str, *, root: Path
) -> None:
    # Only a partial clone lacks objects, and the walk over all objects is slow.
    if not (repository.settings.partial or _promised(where.objects or repository.objects)):
        return
    printed = await git(
        "rev-list", "--objects", "--no-object-names", "--missing=print", f"{tree}^{{tree}}",
        where=where,
    )  # fmt: skip
    missing = sum(line.startswith(b"?") for line in printed.split(b"\n"))
    if missing:
        raise RepositoryUnusable(
            f"this is a partial clone, and it lacks {missing} object{'s' if missing > 1 else ''}",
            # `git archive` reads every file of HEAD, so git fetches all of them.
            cure=f"git -C {_at(root)} archive HEAD > /dev/null",
        )


def _promised(objects: Path) -> bool:
    return any(objects.glob("pack/*.promisor"))


def _check_drivers(repository: Repository, filters: Mapping[bytes, str]) -> list[str]:
    notes: list[str] = []
    # Only drivers that the user has configured: without a driver, git runs no filter either.
    for driver in repository.settings.filters:
        paths = [path for path in filters if filters[path] == driver.name]
        if not paths or driver.name == "lfs":
            continue
        path = in_a_sentence(paths[0])
        if driver.changes_checkout:
            notes.append(
                f"the filter {driver.name!r} does not run: clones have files like {path} as git "
                "stores them, without your uncommitted changes to what the filter makes; carry in "
                "agentproxy.toml shows them as your tree has them"
            )
            continue
        notes.append(f"the filter {driver.name!r} does not run: files like {path} stay unfiltered")
    return notes


async def _check_large(
    source: SubmoduleSource, where: GitLocation, *, blobs: Mapping[bytes, str]
) -> list[str]:
    missing: list[str] = []
    notes: list[str] = []
    for name, oid in blobs.items():
        pointer = read_pointer(await read_blob(where, oid))
        if pointer is None:
            continue
        shown = in_a_sentence(name)
        state = await asyncio.to_thread(_find_large, source, name, pointer)
        if state == "a pointer":
            notes.append(f"{shown} is a Git LFS pointer in your tree, so it is one in clones too")
        elif state == "missing":
            missing.append(shown)
    if missing:
        shown = ", ".join(missing[:MAX_SHOWN_PATHS]) + (
            ", ..." if len(missing) > MAX_SHOWN_PATHS else ""
        )
        raise RepositoryUnusable(
            f"the Git LFS store has no content for {shown}",
            cure=f"git -C {_at(source.root)} lfs pull",
        )
    return notes


def _find_large(
    source: SubmoduleSource, name: bytes, pointer: Pointer
) -> Literal["there", "a pointer", "missing"]:
    if source.lfs.holds(pointer):
        return "there"
    file = source.root / os.fsdecode(name)
    if file.is_symlink() or not file.is_file():
        return "missing"
    if read_pointer(read_head(file)) is not None:
        return "a pointer"
    if measure(file) != pointer:
        return "missing"
    source.lfs.add(file, pointer)
    return "there"


def _at(root: Path) -> str:
    return shlex.quote(str(root))
