"""Applies a claim to the user's files by a three-way merge, all or nothing."""

import filecmp
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.files.file_transaction import Replacing
from agentproxy.workspace.git.changes import Difference, differences
from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import as_text, split_names
from agentproxy.workspace.git.merge import merge_trees
from agentproxy.workspace.git.objects import GITLINK, commit_tree, tree_of
from agentproxy.workspace.git.repository import Repository, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.trees.clone import checkout_files
from agentproxy.workspace.trees.working_tree import present_tree

NOTHING = "000000"  # git's mode of a path that is not in a tree
BEFORE = "The files before a claim was applied\n"


@dataclass(frozen=True, slots=True)
class Applied:
    changed: tuple[str, ...] = ()
    already: bool = False  # the files had the claim before, and nothing was written
    before: str = ""  # the ref that keeps the tracked files as they were


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The paths that prevented the merge. No file was changed."""

    paths: tuple[str, ...]
    reason: str


class NotApplied(Exception):
    """A write failed, and every file is as it was."""


async def apply_claim(
    repo: Repository, run: str, *, base_commit: str, claim_commit: str
) -> Applied | Conflicts:
    """Merges the change from base to claim into the user's files, uncommitted changes included.

    Never changes the index, and never overwrites an untracked file.

    Raises:
        RepositoryUnusable: a merge is unfinished, or a file cannot be read.
        NotApplied: a write failed, and nothing has changed.
        NotUndone: the undo failed too; the message says where the old files are.
    """
    with own_git(repo, work_tree=repo.root) as where, _stage(repo) as stage:
        present = await present_tree(repo, where)
        merged = await merge_trees(
            where,
            base=await tree_of(where, base_commit),
            ours=present,
            theirs=await tree_of(where, claim_commit),
        )
        if merged.conflicts:
            paths = tuple(as_text(name) for name in merged.conflicts)
            return Conflicts(paths, "both you and the worker changed the same lines")
        changed = await differences(where, present, merged.tree)
        links = [one for one in changed if GITLINK in (one.mode, one.before)]
        if links:
            return Conflicts(
                _names(links), "the claim changes a submodule's commit; change it yourself"
            )
        wanted = [one.name for one in changed if one.mode != NOTHING]
        await checkout_files(repo, merged.tree, wanted, at=Path(stage))
        missing = _not_yet_applied(repo.root, Path(stage), changed)
        if not missing:
            return Applied(already=True)
        obstacles = [*await _hidden(where, missing), *_in_the_way(repo.root, missing)]
        if obstacles:
            return Conflicts(_names(obstacles), "a file that git does not track is in the way")
        before = await _keep_present(repo, run, where=where, tree=present)
        # The user may save a file during the merge; this look is as late as possible.
        with own_git(repo, work_tree=repo.root) as again:
            if await present_tree(repo, again) != present:
                return Conflicts((), "the files changed during the merge")
        # Not in a thread: if cancelled there, it would continue while the staged files are removed.
        _write(repo.root, Path(stage), missing)
        return Applied(changed=_names(missing), before=before)


def _stage(repo: Repository) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="agentproxy-apply-", dir=repo.scratch)


def _names(differing: Sequence[Difference]) -> tuple[str, ...]:
    return tuple(as_text(one.name) for one in differing)


def _not_yet_applied(root: Path, stage: Path, changed: Sequence[Difference]) -> list[Difference]:
    # An earlier apply left its new files untracked, so the present tree does not have them.
    return [one for one in changed if one.before != NOTHING or not _same(root, stage, one)]


def _same(root: Path, stage: Path, one: Difference) -> bool:
    place, staged = root / os.fsdecode(one.name), stage / os.fsdecode(one.name)
    try:
        there, wanted = place.lstat(), staged.lstat()
    except OSError:
        return False
    if _has_link(root, one.name) or stat.S_IFMT(there.st_mode) != stat.S_IFMT(wanted.st_mode):
        return False
    if stat.S_ISLNK(there.st_mode):
        return place.readlink() == staged.readlink()
    executable = bool(there.st_mode & stat.S_IXUSR) == bool(wanted.st_mode & stat.S_IXUSR)
    return executable and filecmp.cmp(place, staged, shallow=False)


async def _hidden(where: GitLocation, changed: Sequence[Difference]) -> list[Difference]:
    if where.work_tree is None:
        return []
    # Git does not look at files marked skip-worktree ("S") or assume-unchanged (lower case), so
    # the present tree may not have their content.
    printed = await git("ls-files", "-z", "-v", where=where)
    flagged = {line[2:] for line in split_names(printed) if line[:1].islower() or line[:1] == b"S"}
    return [one for one in changed if one.name in flagged and _is_there(where.work_tree, one.name)]


def _is_there(root: Path, name: bytes) -> bool:
    return os.path.lexists(root / os.fsdecode(name))


def _in_the_way(root: Path, changed: Sequence[Difference]) -> list[Difference]:
    # A file that this change deletes is no obstacle: deletions come first.
    gone = {one.name for one in changed if one.mode == NOTHING}
    return [
        one
        for one in changed
        if _has_obstacle(root, one.name, gone=gone, new=one.before == NOTHING)
    ]


def _has_obstacle(root: Path, name: bytes, *, gone: set[bytes], new: bool) -> bool:
    parts = name.split(b"/")
    for depth in range(1, len(parts)):
        folder = b"/".join(parts[:depth])
        place = root / os.fsdecode(folder)
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            return folder not in gone
    place = root / os.fsdecode(name)
    if place.is_dir() and not place.is_symlink():
        return name not in gone and not _empties(root, name, gone)
    return new and os.path.lexists(place)


def _empties(root: Path, folder: bytes, gone: set[bytes]) -> bool:
    start = os.fsencode(root) + b"/" + folder
    for place, _, names in os.walk(start):
        inner = folder + place.removeprefix(start)
        if any(inner + b"/" + name not in gone for name in names):
            return False
    return True


def _has_link(root: Path, name: bytes) -> bool:
    parts = os.fsdecode(name).split("/")[:-1]
    return any(root.joinpath(*parts[: depth + 1]).is_symlink() for depth in range(len(parts)))


async def _keep_present(repo: Repository, run: str, *, where: GitLocation, tree: str) -> str:
    ref = f"refs/agentproxy/{run}/before-apply"
    await set_ref(repo, ref, await commit_tree(where, tree, parents=[repo.head], message=BEFORE))
    return ref


def _write(root: Path, stage: Path, changed: Sequence[Difference]) -> None:
    try:
        with Replacing(root) as replacing:
            # Deletions come first: a folder may have to make room for a file.
            for one in changed:
                if one.mode == NOTHING:
                    replacing.delete(one.name)
            for one in changed:
                if one.mode != NOTHING:
                    replacing.put(one.name, stage / os.fsdecode(one.name))
    except OSError as error:
        raise NotApplied(f"nothing was changed: {error}") from error
