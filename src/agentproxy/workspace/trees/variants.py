"""Variants of a claim: some of its files as they were at the base, others rewritten."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import as_text
from agentproxy.workspace.git.objects import (
    GITLINK,
    SYMLINK,
    TreeEntry,
    commit_tree,
    date_of,
    list_tree,
    read_blobs,
    tree_of,
    write_blobs,
)
from agentproxy.workspace.git.repository import Repository, set_refs
from agentproxy.workspace.git.scratch_git_dir import own_git

MAX_READ_BYTES = 64 << 20  # of all versions together


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from the claim: paths that get the base's version (or go, where the base has
    none), and paths with another content. Nothing else may be in it.
    """

    restored: Sequence[str] = ()
    rewritten: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True, slots=True)
class Kept:
    """A variant, and where it is kept."""

    variant: Variant
    ref: str
    message: str


@dataclass(frozen=True, slots=True)
class Versions:
    """A file at the base and at the claim; None where it is not there. Of an `opaque` one nothing
    was read: it is too large, or a link or a submodule on one side.
    """

    before: bytes | None = None
    after: bytes | None = None
    opaque: bool = False


async def read_versions(
    repo: Repository, paths: Collection[str], *, base: str, claim: str, most: int
) -> dict[str, Versions]:
    """Reads both versions of some files that base or claim have, of at most `most` bytes each."""
    with own_git(repo) as where:
        old, new = await _entries(where, base), await _entries(where, claim)
        sides = {path: (old.get(path), new.get(path)) for path in sorted(paths)}
        oids = [entry.oid for pair in sides.values() for entry in pair if _is_file(entry)]
        blobs = await read_blobs(where, oids, most=most, total=MAX_READ_BYTES)
    return {path: _versions(pair, blobs) for path, pair in sides.items() if any(pair)}


def _is_file(entry: TreeEntry | None) -> TypeGuard[TreeEntry]:
    return entry is not None and entry.mode not in (GITLINK, SYMLINK)


def _versions(
    pair: tuple[TreeEntry | None, TreeEntry | None], blobs: Mapping[str, bytes]
) -> Versions:
    if any(entry and (not _is_file(entry) or entry.oid not in blobs) for entry in pair):
        return Versions(opaque=True)
    before, after = (blobs[entry.oid] if entry else None for entry in pair)
    return Versions(before, after)


async def paths_of(repo: Repository, commit: str) -> list[str]:
    """The paths of the plain files of a commit."""
    with own_git(repo) as where:
        entries = await _entries(where, commit)
    return [path for path, entry in entries.items() if _is_file(entry)]


async def write_variant(
    repo: Repository, variant: Variant, *, base: str, claim: str, ref: str, message: str
) -> tuple[str, str]:
    """Keep a variant of a claim under `ref`; its commit and its tree. Doing it twice gives the same
    commit; a variant without a difference is the claim.
    """
    kept = Kept(variant, ref=ref, message=message)
    return (await write_variants(repo, [kept], base=base, claim=claim))[0]


async def write_variants(
    repo: Repository, variants: Sequence[Kept], *, base: str, claim: str
) -> list[tuple[str, str]]:
    """Keep many variants of one claim, each as `write_variant` does."""
    written: list[tuple[str, str]] = []
    with own_git(repo) as where:
        old, new = await _entries(where, base), await _entries(where, claim)
        contents = [text for each in variants for text in each.variant.rewritten.values()]
        oids = await write_blobs(where, contents)
        claims_tree, date = await tree_of(where, claim), await date_of(where, base)
        index = await _index_of(where, claim)
        for each in variants:
            lines = _lines(each.variant, old, new, oids=oids)
            tree = await _tree_with(where, lines, index=index) if lines else claims_tree
            commit = claim
            if tree != claims_tree:
                # As a claim is committed: no test can tell by the history where it runs.
                commit = await commit_tree(
                    where, tree, parents=[base], message=each.message, date=date
                )
            written.append((commit, tree))
    made = zip(variants, written, strict=True)
    await set_refs(repo, {each.ref: commit for each, (commit, _) in made if commit != claim})
    return written


async def _index_of(where: GitLocation, commit: str) -> bytes:
    assert where.index is not None
    await git("read-tree", commit, where=where)
    return where.index.read_bytes()


async def _tree_with(where: GitLocation, lines: Sequence[bytes], *, index: bytes) -> str:
    """The tree of an index with some entries exchanged."""
    assert where.index is not None
    where.index.write_bytes(index)
    await git("update-index", "-z", "--index-info", where=where, stdin=b"".join(lines))
    return (await git("write-tree", "--missing-ok", where=where)).decode().strip()


def _lines(
    variant: Variant,
    old: Mapping[str, TreeEntry],
    new: Mapping[str, TreeEntry],
    *,
    oids: Mapping[bytes, str],
) -> list[bytes]:
    """Lines for the index that make a variant of the claim."""
    restored = [_restoring_line(old.get(path), new.get(path)) for path in variant.restored]
    rewritten = [
        b"%s %s\t%s\0" % (new[path].mode.encode(), oids[content].encode(), new[path].name)
        for path, content in variant.rewritten.items()
    ]
    return restored + rewritten


def _restoring_line(old: TreeEntry | None, new: TreeEntry | None) -> bytes:
    """A line for the index that puts the base's version of a file, or its absence, in place."""
    if old is not None:
        return b"%s %s\t%s\0" % (old.mode.encode(), old.oid.encode(), old.name)
    assert new is not None
    # `update-index --index-info` removes a path whose mode is 0.
    return b"0 %s\t%s\0" % (b"0" * len(new.oid), new.name)


async def _entries(where: GitLocation, commit: str) -> dict[str, TreeEntry]:
    return {as_text(entry.name): entry for entry in await list_tree(where, commit)}
