"""Merges a claim with another commit, as a commit of ours that touches nothing of the user's."""

from dataclasses import dataclass

from agentproxy.workspace.git.filenames import as_text
from agentproxy.workspace.git.merge import merge_trees
from agentproxy.workspace.git.objects import commit_tree, date_of, tree_of
from agentproxy.workspace.git.repository import Repository, set_ref
from agentproxy.workspace.git.scratch_git_dir import own_git

MESSAGE = "The claim, merged with where its branch stands\n"


@dataclass(frozen=True, slots=True)
class MergedClaim:
    """The merge; `commit` and `tree` are "" where there are conflicts."""

    target_tree: str
    commit: str = ""
    tree: str = ""
    conflicts: tuple[str, ...] = ()


async def merge_claim(
    repo: Repository, *, base: str, claim: str, target: str, ref: str
) -> MergedClaim | None:
    """Keeps the merge under `ref`; None where the target has the claim already, or is its base."""
    with own_git(repo) as where:
        theirs, ours = await tree_of(where, claim), await tree_of(where, target)
        root = await tree_of(where, base)
        if ours == root:
            return None  # the user has committed what was uncommitted
        merged = await merge_trees(where, base=root, ours=ours, theirs=theirs)
        if merged.conflicts:
            return MergedClaim(ours, conflicts=tuple(as_text(name) for name in merged.conflicts))
        if merged.tree == ours:
            return None
        date = await date_of(where, target)
        commit = await commit_tree(where, merged.tree, parents=[target], message=MESSAGE, date=date)
    await set_ref(repo, ref, commit)
    return MergedClaim(ours, commit, merged.tree)
