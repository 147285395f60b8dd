"""The base: the tree that a run starts from, kept under a ref of ours."""

from collections.abc import Sequence
from pathlib import Path

from agentproxy.events.git_facts import BaseRecorded
from agentproxy.workspace.git.command import GitLocation
from agentproxy.workspace.git.filenames import as_text, in_a_sentence
from agentproxy.workspace.git.objects import commit_tree, date_of, names_between, tree_of
from agentproxy.workspace.git.repository import Repository, RepositoryUnusable, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.trees.clone_preflight import check_materials
from agentproxy.workspace.trees.working_tree import (
    copy_index,
    find_untracked,
    present_tree,
)

NAMED = 200  # names in one list of the record; the rest is counted
MESSAGE = "The uncommitted changes that a run of Agent Proxy started from\n"


async def record_base(
    repo: Repository,
    run: str,
    *,
    from_head: bool,
    include_untracked: bool,
    environment: Sequence[Path] = (),
) -> BaseRecorded:
    """Keep HEAD, with the uncommitted changes of tracked files, under `refs/agentproxy/RUN/base`.

    Index, files, configuration and branches of the user stay as they are. `environment` are
    folders that never come along. Doing it twice on the same files gives the same commit.

    Raises:
        RepositoryUnusable: a merge is unfinished, or a clone would lack something.
    """
    with own_git(repo, work_tree=repo.root) as where:
        head_tree = await tree_of(where, repo.head)
        if from_head:
            tree, left_out, notes = head_tree, await _set_aside(repo, where, environment), []
        else:
            tree, left_out, notes = await _present(
                repo, where, environment=environment, include_untracked=include_untracked
            )
        uncommitted = await names_between(where, head_tree, tree)
        notes += await check_materials(repo, tree)
        commit = repo.head
        if tree != head_tree:
            date = await date_of(where, repo.head)
            commit = await commit_tree(where, tree, parents=[repo.head], message=MESSAGE, date=date)
    ref = f"refs/agentproxy/{run}/base"
    await set_ref(repo, ref, commit)
    return BaseRecorded(
        head=repo.head,
        branch=repo.branch,
        commit=commit,
        tree=tree,
        ref=ref,
        uncommitted=_bounded(uncommitted),
        left_out=_bounded(left_out),
        notes=tuple(notes),
    )


async def _present(
    repo: Repository, where: GitLocation, *, environment: Sequence[Path], include_untracked: bool
) -> tuple[str, list[bytes], list[str]]:
    copy_index(repo, where)
    untracked = await find_untracked(
        repo, where, environment=environment, whole_folders=not include_untracked
    )
    if not include_untracked:
        return await present_tree(repo, where), untracked.files, []
    notes = [
        f"{in_a_sentence(name)} is a repository of its own, and stays out"
        for name in untracked.repositories[:NAMED]
    ]
    tree = await present_tree(repo, where, with_untracked=untracked.files)
    return tree, untracked.repositories, notes


async def _set_aside(
    repo: Repository, where: GitLocation, environment: Sequence[Path]
) -> list[bytes]:
    """What `--from-head` leaves out; in the middle of a merge only what can be told."""
    head_tree = await tree_of(where, repo.head)
    try:
        tree = await present_tree(repo, where)
    except RepositoryUnusable:
        return []
    changed = await names_between(where, head_tree, tree)
    untracked = await find_untracked(repo, where, environment=environment, whole_folders=True)
    return [*changed, *untracked.files]


def _bounded(names: Sequence[bytes]) -> tuple[str, ...]:
    shown = [as_text(name) for name in names[:NAMED]]
    if len(names) > NAMED:
        shown.append(f"... and {len(names) - NAMED} more")
    return tuple(shown)
