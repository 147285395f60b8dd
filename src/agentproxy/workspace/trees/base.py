"""Records the base: the commit that a run starts from, kept under a ref of Agent Proxy."""

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

MAX_NAMES = 200  # names in one list of the event; the event only counts the others
MESSAGE = "The uncommitted changes that a run of Agent Proxy started from\n"


async def record_base(
    repo: Repository,
    run: str,
    *,
    from_head: bool,
    include_untracked: bool,
    environment: Sequence[Path] = (),
) -> BaseRecorded:
    """Keeps HEAD and the uncommitted changes of tracked files under `refs/agentproxy/RUN/base`.

    Never changes the user's index, files, configuration or branches. Leaves `environment` out.

    Raises:
        RepositoryUnusable: a merge is unfinished, or a clone would lack files.
    """
    with own_git(repo, work_tree=repo.root) as where:
        head_tree = await tree_of(where, repo.head)
        if from_head:
            tree, left_out, notes = head_tree, await _uncommitted(repo, where, environment), []
        else:
            try:
                tree, left_out, notes = await _working_tree(
                    repo, where, environment=environment, include_untracked=include_untracked
                )
            except RepositoryUnusable as error:
                cure = f"{error.cure}, or use --from-head" if error.cure else "use --from-head"
                raise RepositoryUnusable(str(error), cure=cure) from error
        uncommitted = await names_between(where, head_tree, tree)
        notes += await check_materials(repo, tree)
        commit = repo.head
        if tree != head_tree:
            # With HEAD's date, not the clock's: recording the base again gives the same commit.
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


async def _working_tree(
    repo: Repository, where: GitLocation, *, environment: Sequence[Path], include_untracked: bool
) -> tuple[str, list[bytes], list[str]]:
    copy_index(repo, where)
    untracked = await find_untracked(
        repo, where, environment=environment, whole_folders=not include_untracked
    )
    if not include_untracked:
        return await present_tree(repo, where), untracked.files, []
    notes = [
        f"{in_a_sentence(name)} is a nested repository, so the base does not include it"
        for name in untracked.repositories[:MAX_NAMES]
    ]
    tree = await present_tree(repo, where, with_untracked=untracked.files)
    return tree, untracked.repositories, notes


async def _uncommitted(
    repo: Repository, where: GitLocation, environment: Sequence[Path]
) -> list[bytes]:
    head_tree = await tree_of(where, repo.head)
    try:
        tree = await present_tree(repo, where)
    except RepositoryUnusable:
        # `--from-head` is the cure for an unfinished merge, so the merge must not stop it here.
        return []
    changed = await names_between(where, head_tree, tree)
    untracked = await find_untracked(repo, where, environment=environment, whole_folders=True)
    return [*changed, *untracked.files]


def _bounded(names: Sequence[bytes]) -> tuple[str, ...]:
    shown = [as_text(name) for name in names[:MAX_NAMES]]
    if len(names) > MAX_NAMES:
        shown.append(f"... and {len(names) - MAX_NAMES} more")
    return tuple(shown)
