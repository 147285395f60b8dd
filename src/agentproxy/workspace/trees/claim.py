"""Records the claim: the worker's files as a tree. Never trusts the worker's own `.git`."""

import asyncio
import os
import re
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded
from agentproxy.files.remove_tree import remove_tree
from agentproxy.files.safe_files import SafeDir
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
from agentproxy.workspace.git.repository import Repository, RepositoryUnusable, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.git.submodules import find_submodules, source_of
from agentproxy.workspace.sandbox.port import Sandbox
from agentproxy.workspace.trees import findings
from agentproxy.workspace.trees.claim_bounds import ClaimBounds as ClaimBounds
from agentproxy.workspace.trees.claim_bounds import ClaimRefused, refuse_number
from agentproxy.workspace.trees.clone import differing, fresh_git_files
from agentproxy.workspace.trees.filter_evidence import (
    FilterEvidence,
    making_filters,
    read_evidence,
)
from agentproxy.workspace.trees.filtered_files import (
    as_stored,
    describe_changes,
    left_out,
)
from agentproxy.workspace.trees.git_names import is_kept_by_git
from agentproxy.workspace.trees.snapshot import Reading, Unreadable
from agentproxy.workspace.trees.walk import Listing, list_files
from agentproxy.workspace.trees.working_tree import copy_index, index_mode

MESSAGE = "The worker's files after round {round}\n"
MAX_NAMED = 20
DEFAULT_BOUNDS = ClaimBounds()
SMALL_FILE_BYTES = 1 << 20  # a file up to this size cannot have grown much
POINTER_BYTES = 1024  # more than a pointer of Git LFS has
# Git's errors about files and objects that the worker made. Other failures are not its fault.
WORKERS_FAULT = re.compile(
    r"(?:object [0-9a-f]+: \w+: |[Ii]nvalid path |[Uu]nable to (?:index|process) |"
    r"File name too long).*"
)


class ClaimKey(NamedTuple):
    run: str
    round: int  # from 1

    @property
    def ref(self) -> str:
        return f"refs/agentproxy/{self.run}/claim-{self.round}"


async def record_claim(
    repo: Repository,
    tree: Path,
    *,
    base: BaseRecorded,
    key: ClaimKey,
    sandbox: Sandbox,
    scratch: Path,
    bounds: ClaimBounds = DEFAULT_BOUNDS,
) -> ClaimRecorded:
    """Keeps the files of a worker that has ended under the ref of `key`.

    A claim past the bounds, or with objects that git refuses, is `refused` and has the base's
    tree. A missing folder is an empty tree. The same files give the same commit.

    Raises:
        GitError: the files cannot be read, or the objects are not valid.
        SandboxError: the sandbox could not be set up.
    """
    # Our own git directory and index: skip-worktree bits, info/exclude or a deleted `.git` make
    # the worker's git report other files than there are.
    with own_git(repo) as where, _folder(scratch) as folder:
        entries = await list_tree(where, base.commit)
        claimed = _Claimed(repo, _or_empty(tree, folder), entries=entries, bounds=bounds)
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
    found = await asyncio.to_thread(_findings, claimed, changed, tree=tree)
    if refused:
        found.insert(0, f"the claim is refused: {refused}")
    return ClaimRecorded(
        round=key.round,
        commit=commit,
        tree=written,
        ref=key.ref,
        changes=tuple(one.change for one in changed),
        findings=findings.bounded(found),
        refused=refused,
    )


async def _take_in(
    claimed: "_Claimed", where: GitLocation, *, base: BaseRecorded, sandbox: Sandbox, folder: Path
) -> str:
    await asyncio.to_thread(claimed.list_files)
    reading = Reading(claimed.repo, sandbox, tree=claimed.tree, folder=folder)
    reading.prepare()
    try:
        written = await _read(claimed, reading, where=where, base=base.commit)
        claimed.findings += await take_pack(where, reading.pack, tree=written)
    except GitError as error:
        # The base counts instead: an error here would stop the run, and no round could cure it.
        if found := WORKERS_FAULT.search(error.said):
            said = in_a_sentence(found[0].encode())
            raise ClaimRefused(f"git refuses one of its files: {said}") from error
        raise
    claimed.findings += await _not_stored(claimed, await list_tree(where, written))
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
    repo: Repository
    tree: Path
    entries: Sequence[TreeEntry]  # of the base
    bounds: ClaimBounds
    listing: Listing = field(default_factory=Listing)
    added: list[bytes] = field(default_factory=list[bytes])
    findings: list[str] = field(default_factory=list[str])

    def list_files(self) -> None:
        links = {entry.name for entry in self.entries if entry.mode == GITLINK}
        self.listing = list_files(self.tree, submodules=links, bounds=self.bounds)

    @property
    def removed(self) -> list[bytes]:
        # An empty folder is enough for a submodule: it is empty where nobody checked it out.
        present = {*self.listing.files, *self.listing.folders}
        gone = (entry.name for entry in self.entries if entry.name not in present)
        # The listing leaves out names that git reserves, so their absence means nothing.
        return [name for name in gone if not is_kept_by_git(name)]

    def kept_apart(self, new: Iterable[bytes]) -> dict[bytes, str]:
        """New files that a program keeps for itself, and the program."""
        found: dict[bytes, str] = {}
        for name in new:
            first = os.fsdecode(name.partition(b"/")[0])
            for pattern, program in self.bounds.kept_apart.items():
                if fnmatchcase(first, pattern):
                    found[name] = program
        return found

    def file(self, name: bytes) -> Path:
        return self.tree / os.fsdecode(name)


async def _read(claimed: _Claimed, reading: Reading, *, where: GitLocation, base: str) -> str:
    known = {entry.name for entry in claimed.entries}
    new = [name for name in claimed.listing.files if name not in known]
    ignored = await reading.ignored(new) if new else dict[bytes, str]()
    claimed.findings += findings.in_ignored(ignored, root=claimed.repo.root)
    apart = claimed.kept_apart(name for name in new if name not in ignored)
    claimed.findings += findings.in_kept_apart(apart)
    ignored = {*ignored, *apart, *filter(_is_bytecode, new)}
    claimed.added = [name for name in claimed.listing.files if name not in ignored]
    await _refuse_large(claimed, where, new=[name for name in new if name not in ignored])
    large = await _large(claimed, reading, where=where)
    evidence = await _evidence(claimed.repo)
    large |= await _kept(claimed, where, evidence=evidence)
    fresh = [name for name in new if name not in ignored]
    made = await _made_by_filters(claimed, reading, new=fresh, evidence=evidence)
    claimed.added = [name for name in claimed.added if name not in made]
    new = [name for name in new if name not in ignored and name not in {*large, *made}]
    write = partial(reading.write, base, removed=claimed.removed, new=new, large=large)
    try:
        return await write()
    except Unreadable as error:
        if error.exit_code is None:
            raise
        # A worker's .gitattributes can name an encoding that its files do not have.
        claimed.findings.append(
            "git could not apply the attributes, so the claim has the files unconverted: "
            + in_a_sentence(error.said.encode())
        )
    reading.ignore_attributes()
    return await write()


def _is_bytecode(name: bytes) -> bool:
    # No finding: Python loads none of these without the source beside them, and writes them again
    # from that source. So no check misses one, and what only such a file can do is not claimed.
    folder, _, last = name.rpartition(b"/")
    return folder.rpartition(b"/")[2] == b"__pycache__" and last.endswith(b".pyc")


async def _evidence(repo: Repository) -> FilterEvidence:
    with own_git(repo, work_tree=repo.root) as theirs:
        try:
            copy_index(repo, theirs)
        except RepositoryUnusable:  # no index: nothing shows what the filters do
            return FilterEvidence(drivers=making_filters(repo))
        return await read_evidence(repo, theirs)


async def _kept(
    claimed: _Claimed, where: GitLocation, *, evidence: FilterEvidence
) -> dict[bytes, bytes]:
    kept = await as_stored(
        claimed.repo, where, claimed.entries, listing=claimed.listing, evidence=evidence
    )
    if kept:
        with SafeDir(claimed.tree) as tree:
            claimed.findings += await describe_changes(claimed.repo, where, kept, tree=tree)
    return kept


async def _made_by_filters(
    claimed: _Claimed, reading: Reading, *, new: Sequence[bytes], evidence: FilterEvidence
) -> list[bytes]:
    if not evidence.drivers or not new:
        return []
    filters = await reading.filters(new)
    made = [name for name in new if not evidence.makes_none(filters.get(name, ""))]
    claimed.findings += left_out(made)
    return made


async def _refuse_large(claimed: _Claimed, where: GitLocation, *, new: Sequence[bytes]) -> None:
    # From the listing alone: no file has been opened yet.
    bounds, sizes = claimed.bounds, claimed.listing.sizes
    refuse_number(len(new), limit=bounds.files, what="new files")
    grown = {name: sizes.get(name, 0) for name in new}
    for entry in claimed.entries:
        size = sizes.get(entry.name, 0)
        if size > SMALL_FILE_BYTES:
            grown[entry.name] = size - await _size_before(where, entry.oid)
    for name, more in grown.items():
        if more > bounds.file_bytes:
            raise ClaimRefused(
                f"{in_a_sentence(name)} has {more:,} bytes more than in the base. The limit is "
                f"{bounds.file_bytes:,}. Delete the file, or list it in .gitignore"
            )
    total = sum(max(more, 0) for more in grown.values())
    refuse_number(total, limit=bounds.total_bytes, what="bytes in new files")


async def _size_before(where: GitLocation, oid: str) -> int:
    size = int(await git("cat-file", "-s", oid, where=where))
    # The work tree has the content of an LFS pointer, so that content is what can have grown.
    pointer = read_pointer(await read_blob(where, oid)) if size < POINTER_BYTES else None
    return pointer.size if pointer else size


async def _large(claimed: _Claimed, reading: Reading, *, where: GitLocation) -> dict[bytes, bytes]:
    """Index lines with a pointer for each file under LFS."""
    blobs = await large_files(claimed.repo, where, claimed.entries)
    if not blobs:
        return {}
    # The worker's attributes can put a new file under LFS. A file that is under LFS in the base is
    # compared with its pointer even if those attributes no longer name LFS.
    filters = await reading.filters(claimed.added)
    found: dict[bytes, bytes] = {}
    for name in claimed.added:
        if name not in blobs and filters.get(name) != "lfs":
            continue
        before = await read_blob(where, blobs[name]) if name in blobs else b""
        pointed = await asyncio.to_thread(
            _pointer, claimed, name, before=before, keep=filters.get(name) == "lfs"
        )
        if pointed is not None:
            mode, text = pointed
            oid = await write_blob(where, text)
            found[name] = b"%s %s\t%s\0" % (mode, oid.encode(), name)
    return found


def _pointer(
    claimed: _Claimed, name: bytes, *, before: bytes, keep: bool
) -> tuple[bytes, bytes] | None:
    """Mode and text of a file's pointer. None if the claim has the file itself."""
    file = claimed.file(name)
    if file.is_symlink() or read_pointer(read_head(file)) is not None:
        return None
    pointer = measure(file)
    mode = index_mode(file)
    if read_pointer(before) == pointer:
        return mode, before
    if not keep:
        return None
    # The clone of the claim reads the content from the user's store.
    Store(claimed.repo.settings.lfs).add(file, pointer)
    return mode, pointer.text


async def _not_stored(claimed: _Claimed, written: Sequence[TreeEntry]) -> list[str]:
    # `update-index` skips a name that it takes for `.git`, without a failure.
    stored = {entry.name for entry in written}
    missing = [name for name in claimed.added if name not in stored]
    said = [f"{in_a_sentence(name)}: git cannot store this name" for name in missing[:MAX_NAMED]]
    if len(missing) > MAX_NAMED:
        said.append(f"{len(missing) - MAX_NAMED} more files have names that git cannot store")
    return said


async def _in_submodules(claimed: _Claimed) -> list[str]:
    # A tree holds the commit of a submodule, not its files: changes inside get lost.
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
                f"{in_a_sentence(name)} is a submodule, so the claim leaves out the changes in it "
                f"({in_a_sentence(changed[0])}{' and others' if len(changed) > 1 else ''})"
            )
    return said


@contextmanager
def _folder(scratch: Path) -> Generator[Path]:
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=scratch, prefix="claim-"))
    try:
        yield folder
    finally:
        remove_tree(folder)


def _or_empty(tree: Path, folder: Path) -> Path:
    # A worker can delete its folder, or put a link to another one in its place.
    if tree.is_dir() and not tree.is_symlink():
        return tree
    place = folder / "nothing"
    place.mkdir()
    return place
