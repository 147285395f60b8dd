"""The claim: the files that a worker left, as a tree; what its own git says does not count."""

import asyncio
import os
import re
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded
from agentproxy.files.remove_tree import remove_tree
from agentproxy.workspace.git.attributes import large_files
from agentproxy.workspace.git.changes import Difference, differences
from agentproxy.workspace.git.command import GitError, GitLocation, git
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
from agentproxy.workspace.trees.claim_bounds import ClaimBounds, ClaimRefused, refuse_number
from agentproxy.workspace.trees.clone import differing, fresh_git_files
from agentproxy.workspace.trees.git_names import is_kept_by_git
from agentproxy.workspace.trees.snapshot import Reading, Unreadable
from agentproxy.workspace.trees.walk import Listing, list_files
from agentproxy.workspace.trees.working_tree import index_mode

MESSAGE = "What the worker left in round {round}\n"
MAX_NAMED = 20
USUAL = ClaimBounds()
LOOKED_AT = 1 << 20  # bytes; a smaller file cannot have grown much
POINTER_BYTES = 1024  # more than a pointer of Git LFS has
# What git says of files and objects that a worker made. Other failures are not its fault.
OF_THE_WORKER = re.compile(
    r"(?:object [0-9a-f]+: \w+: |[Ii]nvalid path |[Uu]nable to (?:index|process) |"
    r"File name too long).*"
)


class ClaimKey(NamedTuple):
    """Which claim of which run; `round` counts from 1."""

    run: str
    round: int

    @property
    def ref(self) -> str:
        """The ref that keeps it."""
        return f"refs/agentproxy/{self.run}/claim-{self.round}"


async def record_claim(
    repo: Repository,
    tree: Path,
    *,
    base: BaseRecorded,
    key: ClaimKey,
    sandbox: Sandbox,
    scratch: Path,
    bounds: ClaimBounds = USUAL,
) -> ClaimRecorded:
    """Keep the worker's files under `refs/agentproxy/RUN/claim-ROUND`, the ref of `key`.

    They are read inside the sandbox by a git directory and an index of ours; what comes out is
    validated before it is taken in. Recording the same files again gives the same commit. The
    worker has ended; a folder that is not there any more is an empty tree. A claim past the bounds,
    or with objects that git does not take, is `refused`: its tree is the base's.

    Raises:
        GitError: the files cannot be read (`Unreadable`), or what came out is not sound.
        SandboxError: the sandbox could not be set up.
    """
    with own_git(repo) as where, _folder(scratch) as folder:
        entries = await list_tree(where, base.commit)
        claimed = _Claimed(repo, _or_nothing(tree, folder), entries=entries, bounds=bounds)
        refused = ""
        try:
            written = await _take_in(claimed, where, base=base, sandbox=sandbox, folder=folder)
        except ClaimRefused as error:
            written, refused = base.tree, str(error)
        changed = await differences(where, base.commit, written)
        date = await date_of(where, base.commit)
        message = MESSAGE.format(round=key.round)
        commit = await commit_tree(
            where, written, parents=[base.commit], message=message, date=date
        )
    await set_ref(repo, key.ref, commit)
    said = await asyncio.to_thread(_findings, claimed, changed, tree=tree)
    return ClaimRecorded(
        round=key.round,
        commit=commit,
        tree=written,
        ref=key.ref,
        changes=tuple(one.change for one in changed),
        findings=findings.bounded([f"the claim is refused: {refused}", *said] if refused else said),
        refused=refused,
    )


async def _take_in(
    claimed: "_Claimed", where: GitLocation, *, base: BaseRecorded, sandbox: Sandbox, folder: Path
) -> str:
    """Take the files into the user's objects, and note what is odd; returns the tree's id."""
    await asyncio.to_thread(claimed.look)
    reading = Reading(claimed.repo, sandbox, tree=claimed.tree, folder=folder)
    reading.prepare()
    try:
        written = await _read(claimed, reading, where=where, base=base.commit)
        claimed.findings += await take_pack(where, reading.pack, tree=written)
    except GitError as error:
        if found := OF_THE_WORKER.search(error.said):
            said = in_a_sentence(found[0].encode())
            raise ClaimRefused(f"git does not take what it holds: {said}") from error
        raise
    claimed.findings += await _uncarried(claimed, await list_tree(where, written))
    claimed.findings += await _in_submodules(claimed)
    return written


def _findings(claimed: "_Claimed", changed: Sequence[Difference], *, tree: Path) -> list[str]:
    return [
        *claimed.findings,
        *findings.in_listing(claimed.listing),
        *findings.in_changes(changed, claimed.listing),
        *findings.in_links(changed, claimed.tree, root=claimed.repo.root),
        *findings.in_git_folder(tree, fresh_git_files(claimed.repo)),
    ]


@dataclass(slots=True)
class _Claimed:
    """What is known of a claim while it is read."""

    repo: Repository
    tree: Path
    entries: Sequence[TreeEntry]
    bounds: ClaimBounds
    listing: Listing = field(default_factory=Listing)
    added: list[bytes] = field(default_factory=list[bytes])
    findings: list[str] = field(default_factory=list[str])

    def look(self) -> None:
        """See which files there are."""
        links = {entry.name for entry in self.entries if entry.mode == GITLINK}
        self.listing = list_files(self.tree, submodules=links, bounds=self.bounds)

    @property
    def removed(self) -> list[bytes]:
        """The files of the base that are not there; a submodule's folder, empty or not, is.

        What git keeps for itself is never listed, and stays as it is in the base.
        """
        there = {*self.listing.files, *self.listing.folders}
        gone = (entry.name for entry in self.entries if entry.name not in there)
        return [name for name in gone if not is_kept_by_git(name)]

    def file(self, name: bytes) -> Path:
        """Where a file is on the host."""
        return self.tree / os.fsdecode(name)


async def _read(claimed: _Claimed, reading: Reading, *, where: GitLocation, base: str) -> str:
    known = {entry.name for entry in claimed.entries}
    new = [name for name in claimed.listing.files if name not in known]
    ignored = await reading.ignored(new) if new else set[bytes]()
    claimed.added = [name for name in claimed.listing.files if name not in ignored]
    await _refuse_large(claimed, where, new=[name for name in new if name not in ignored])
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


async def _refuse_large(claimed: _Claimed, where: GitLocation, *, new: Sequence[bytes]) -> None:
    """Refuse too many new files, and too many bytes beyond the base's, before a file is opened."""
    bounds, sizes = claimed.bounds, claimed.listing.sizes
    refuse_number(len(new), limit=bounds.files, what="new files")
    grown = {name: sizes.get(name, 0) for name in new}
    for entry in claimed.entries:
        size = sizes.get(entry.name, 0)
        if size > LOOKED_AT:
            grown[entry.name] = size - await _size_before(where, entry.oid)
    for name, more in grown.items():
        if more > bounds.file_bytes:
            raise ClaimRefused(
                f"{in_a_sentence(name)} has {more:,} bytes more than in the base, and "
                f"{bounds.file_bytes:,} are taken; delete it, or name it in .gitignore"
            )
    total = sum(max(more, 0) for more in grown.values())
    refuse_number(total, limit=bounds.total_bytes, what="bytes in new files")


async def _size_before(where: GitLocation, oid: str) -> int:
    """Bytes of a file in the base; of a large file the content that its pointer stands for."""
    size = int(await git("cat-file", "-s", oid, where=where))
    pointer = read_pointer(await read_blob(where, oid)) if size < POINTER_BYTES else None
    return pointer.size if pointer else size


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
        remove_tree(folder)


def _or_nothing(tree: Path, folder: Path) -> Path:
    """The tree, or an empty folder where there is none any more."""
    if tree.is_dir() and not tree.is_symlink():
        return tree
    place = folder / "nothing"
    place.mkdir()
    return place
