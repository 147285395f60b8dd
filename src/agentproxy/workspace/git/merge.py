"""Merges trees three-way with git's own merge. Runs no merge driver."""

from dataclasses import dataclass

from agentproxy.workspace.git.command import GitLocation, git_status
from agentproxy.workspace.git.objects import EPOCH, commit_tree


@dataclass(frozen=True, slots=True)
class Merged:
    tree: str  # with conflict markers if there are conflicts
    conflicts: tuple[bytes, ...] = ()


async def merge_trees(where: GitLocation, *, base: str, ours: str, theirs: str) -> Merged:
    """Applies the change from `base` to `theirs` to `ours`.

    Raises:
        GitError: git failed. Conflicts are no failure.
    """
    # `merge-tree` of git 2.38 finds the base in the history, so each tree needs a commit.
    root = await commit_tree(where, base, parents=[], message="base\n", date=EPOCH)
    left = await commit_tree(where, ours, parents=[root], message="ours\n", date=EPOCH)
    right = await commit_tree(where, theirs, parents=[root], message="theirs\n", date=EPOCH)
    printed, code = await git_status(
        # If one side renames a folder, git guesses that new files of the other belong into it, and
        # reports a conflict.
        "-c", "merge.directoryRenames=false",
        "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", left, right,
        where=where, accept=(0, 1),
    )  # fmt: skip
    tree, *names = printed.split(b"\0")
    conflicts = tuple(dict.fromkeys(name for name in names if name)) if code else ()
    return Merged(tree=tree.decode(), conflicts=conflicts)
