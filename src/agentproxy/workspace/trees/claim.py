"""The claim: the files that a worker left, as a tree; what its own git says does not count."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded
from agentproxy.workspace.git.attributes import large_files
from agentproxy.workspace.git.changes import differences
from agentproxy.workspace.git.command import GitLocation
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.import_pack import take_pack
from agentproxy.workspace.git.lfs import Store, measure, read_head, read_pointer
from agentproxy.workspace.git.objects import (
    GITLINK,
    TreeEntry,
    commit_tree,
    date_of,
    list_tree,
    read_blob,
    write_blob,
)
from agentproxy.workspace.git.repository import Repository, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.git.submodules import find_submodules, source_of
from agentproxy.workspace.sandbox.port import Sandbox
from agentproxy.workspace.trees import findings
from agentproxy.workspace.trees.clone import differing, fresh_git_files
from agentproxy.workspace.trees.snapshot import Reading, Unreadable
from agentproxy.workspace.trees.walk import Listing, TooMany, list_files
from agentproxy.workspace.trees.working_tree import index_mode

MESSAGE = "What the worker left in round {round}\n"
MAX_NAMED = 20


async def record_claim(
    repo: Repository,
    tree: Path,
    *,
    base: BaseRecorded,
    run: str,
    round: int,  # noqa: A002 - the word of the record
    sandbox: Sandbox,
    scratch: Path,
) -> ClaimRecorded:
    """Keep the worker's files under `refs/agentproxy/RUN/claim-ROUND`.

    They are read inside the sandbox by a git directory and an index of ours; what comes out is
    validated before it is taken in. Recording the same files again gives the same commit. The
    worker has ended; a folder that is not there any more is an empty tree.

    Raises:
        GitError: the files cannot be read (`Unreadable`), or what came out is not sound.
        SandboxError: the sandbox could not be set up.
    """
    with own_git(repo) as where, _folder(scratch) as folder:
        entries = await list_tree(where, base.commit)
        claimed = _Claimed(repo, _or_nothing(tree, folder), entries=entries)
        await asyncio.to_thread(claimed.look)
        reading = Reading(repo, sandbox, tree=claimed.tree, folder=folder)
        reading.prepare()
        written = await _read(claimed, reading, where=where, base=base.commit)
        claimed.findings += await take_pack(where, reading.pack, tree=written)
        changed = await differences(where, base.commit, written)
        claimed.findings += await _uncarried(claimed, await list_tree(where, written))
        claimed.findings += await _in_submodules(claimed)
        date = await date_of(where, base.commit)
        message = MESSAGE.format(round=round)
        commit = await commit_tree(
            where, written, parents=[base.commit], message=message, date=date
        )
    said = [
        *claimed.findings,
        *findings.in_listing(claimed.listing),
        *findings.in_changes(changed, claimed.listing),
        *findings.in_links(changed, claimed.tree, root=repo.root),
        *findings.in_git_folder(tree, fresh_git_files(repo)),
    ]
    ref = f"refs/agentproxy/{run}/claim-{round}"
    await set_ref(repo, ref, commit)
    return ClaimRecorded(
        round=round,
        commit=commit,
        tree=written,
        ref=ref,
        changes=tuple(one.change for one in changed),
        findings=findings.bounded(said),
    )


@dataclass(slots=True)
class _Claimed:
    """What is known of a claim while it is read."""

    repo: Repository
    tree: Path
    entries: Sequence[TreeEntry]
    listing: Listing = field(default_factory=Listing)
    added: list[bytes] = field(default_factory=list[bytes])
    findings: list[str] = field(default_factory=list[str])

    def look(self) -> None:
        """See which files there are."""
        links = {entry.name for entry in self.entries if entry.mode == GITLINK}
        try:
            self.listing = list_files(self.tree, submodules=links)
        except TooMany as error:
            raise Unreadable("walk", None, "there are too many files") from error

    @property
    def removed(self) -> list[bytes]:
        """The files of the base that are not there; a submodule's folder, empty or not, is."""
        there = {*self.listing.files, *self.listing.folders}
        return [entry.name for entry in self.entries if entry.name not in there]

    def file(self, name: bytes) -> Path:
        """Where a file is on the host."""
        return self.tree / os.fsdecode(name)


async def _read(claimed: _Claimed, reading: Reading, *, where: GitLocation, base: str) -> str:
    known = {entry.name for entry in claimed.entries}
    new = [name for name in claimed.listing.files if name not in known]
    ignored = await reading.ignored(new) if new else set[bytes]()
    claimed.added = [name for name in claimed.listing.files if name not in ignored]
    large = await _large(claimed, reading, where=where)
    new = [name for name in new if name not in ignored and name not in large]
    write = partial(reading.write, base, removed=claimed.removed, new=new, large=large)
    try:
        return await write()
    except Unreadable as error:
        if error.exit_code is None:
            raise
        claimed.findings.append(
            "attributes could not be applied, the files are kept as they are: "
            + in_a_sentence(error.said.encode())
        )
    reading.keep_as_they_are()
    return await write()


async def _large(claimed: _Claimed, reading: Reading, *, where: GitLocation) -> dict[bytes, bytes]:
    """Lines for the index in which pointers stand for files under LFS, if the base has any.

    Content that is new goes into the user's store, else the claim would point at nothing.
    """
    blobs = await large_files(claimed.repo, where, claimed.entries)
    if not blobs:
        return {}
    filters = await reading.filters(claimed.added)
    found: dict[bytes, bytes] = {}
    for name in claimed.added:
        if name not in blobs and filters.get(name) != "lfs":
            continue
        before = await read_blob(where, blobs[name]) if name in blobs else b""
        told = await asyncio.to_thread(
            _pointer, claimed, name, before=before, keep=filters.get(name) == "lfs"
        )
        if told is not None:
            mode, text = told
            oid = await write_blob(where, text)
            found[name] = b"%s %s\t%s\0" % (mode, oid.encode(), name)
    return found


def _pointer(
    claimed: _Claimed, name: bytes, *, before: bytes, keep: bool
) -> tuple[bytes, bytes] | None:
    """Mode and text of the pointer that stands for a file; None where the file counts as it is."""
    file = claimed.file(name)
    if file.is_symlink() or read_pointer(read_head(file)) is not None:
        return None
    pointer = measure(file)
    mode = index_mode(file)
    if read_pointer(before) == pointer:
        return mode, before
    if not keep:
        return None
    Store(claimed.repo.settings.lfs).add(file, pointer)
    return mode, pointer.text


async def _uncarried(claimed: _Claimed, written: Sequence[TreeEntry]) -> list[str]:
    """Files that git would not take; their names are ones that it keeps for itself."""
    there = {entry.name for entry in written}
    missing = [name for name in claimed.added if name not in there]
    said = [f"{in_a_sentence(name)} cannot be carried by git" for name in missing[:MAX_NAMED]]
    if len(missing) > MAX_NAMED:
        said.append(f"{len(missing) - MAX_NAMED} more files cannot be carried by git")
    return said


async def _in_submodules(claimed: _Claimed) -> list[str]:
    """A claim holds the commit of a submodule, not its files."""
    said: list[str] = []
    source = source_of(claimed.repo)
    async for submodule in find_submodules(claimed.repo, source, claimed.entries):
        name = submodule.entry.name
        if name not in claimed.listing.folders or submodule.source is None:
            continue
        changed = await differing(
            claimed.repo, submodule.source, submodule.entry.oid, at=claimed.file(name)
        )
        if changed:
            said.append(
                f"{in_a_sentence(name)} is a submodule: changes inside are not carried "
                f"({in_a_sentence(changed[0])}{' and others' if len(changed) > 1 else ''})"
            )
    return said


@contextmanager
def _folder(scratch: Path) -> Generator[Path]:
    """A folder of our own that is gone afterwards; only copies were in it."""
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=scratch, prefix="claim-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _or_nothing(tree: Path, folder: Path) -> Path:
    """The tree, or an empty folder where there is none any more."""
    if tree.is_dir() and not tree.is_symlink():
        return tree
    place = folder / "nothing"
    place.mkdir()
    return place
