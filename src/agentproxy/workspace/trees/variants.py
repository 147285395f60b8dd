"""Variants of a claim: some of its files as they were at the base, others rewritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import as_text
from agentproxy.workspace.git.objects import (
    GITLINK,
    SYMLINK,
    TreeEntry,
    commit_tree,
    date_of,
    list_tree,
    read_blob,
    tree_of,
    write_blob,
)
from agentproxy.workspace.git.repository import Repository, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from the claim: paths that get the base's version (or go, where the base has
    none), and paths with another content. Nothing else may be in it.
    """

    restored: Sequence[str] = ()
    rewritten: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True, slots=True)
class Versions:
    """A file at the base and at the claim; None where it is not a plain file, or not there."""

    before: bytes | None
    after: bytes | None
    too_large: bool = False


async def read_versions(
    repo: Repository, paths: Sequence[str], *, base: str, claim: str, most: int
) -> dict[str, Versions]:
    """Both versions of some files. A file of more than `most` bytes counts as not there."""
    with own_git(repo) as where:
        sides = [await _entries(where, commit) for commit in (base, claim)]
        return {
            path: await _versions(where, [side.get(path) for side in sides], most) for path in paths
        }


async def write_variant(
    repo: Repository, variant: Variant, *, base: str, claim: str, ref: str, message: str
) -> tuple[str, str]:
    """Keep a variant of a claim under `ref`; its commit and its tree. Doing it twice gives the same
    commit; a variant without a difference is the claim.
    """
    with own_git(repo) as where:
        old, new = await _entries(where, base), await _entries(where, claim)
        lines = [restoring_line(old.get(path), new.get(path)) for path in variant.restored]
        for path, content in variant.rewritten.items():
            oid = await write_blob(where, content)
            lines.append(b"%s %s\t%s\0" % (new[path].mode.encode(), oid.encode(), new[path].name))
        await git("read-tree", claim, where=where)
        await git("update-index", "-z", "--index-info", where=where, stdin=b"".join(lines))
        tree = (await git("write-tree", "--missing-ok", where=where)).decode().strip()
        if tree == await tree_of(where, claim):
            return claim, tree
        date = await date_of(where, base)
        commit = await commit_tree(where, tree, parents=[claim], message=message, date=date)
    await set_ref(repo, ref, commit)
    return commit, tree


def restoring_line(old: TreeEntry | None, new: TreeEntry | None) -> bytes:
    """A line for the index that puts the base's version of a file, or its absence, in place."""
    if old is not None:
        return b"%s %s\t%s\0" % (old.mode.encode(), old.oid.encode(), old.name)
    assert new is not None
    # `update-index --index-info` removes a path whose mode is 0.
    return b"0 %s\t%s\0" % (b"0" * len(new.oid), new.name)


async def _entries(where: GitLocation, commit: str) -> dict[str, TreeEntry]:
    return {as_text(entry.name): entry for entry in await list_tree(where, commit)}


async def _versions(where: GitLocation, entries: Sequence[TreeEntry | None], most: int) -> Versions:
    contents: list[bytes | None] = []
    for entry in entries:
        if entry is None or entry.mode in (GITLINK, SYMLINK):
            contents.append(None)
        elif int(await git("cat-file", "-s", entry.oid, where=where)) > most:
            return Versions(None, None, too_large=True)
        else:
            contents.append(await read_blob(where, entry.oid))
    before, after = contents
    return Versions(before, after)
