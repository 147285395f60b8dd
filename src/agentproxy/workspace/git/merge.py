"""Three-way merges of trees, by git's own merge and without anybody's drivers."""

from dataclasses import dataclass

from agentproxy.workspace.git.command import GitLocation, git_status
from agentproxy.workspace.git.objects import commit_tree

EPOCH = "@0 +0000"


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged tree; with conflicts it holds their markers, and is good for nothing."""

    tree: str
    conflicts: tuple[bytes, ...] = ()


async def merge_trees(where: GitLocation, *, base: str, ours: str, theirs: str) -> Merged:
    """Carry what lies between base and theirs over to ours.

    Raises:
        GitError: git could not even try.
    """
    # `merge-tree` takes its base from the history, so the trees get one of three commits.
    root = await commit_tree(where, base, parents=[], message="base\n", date=EPOCH)
    left = await commit_tree(where, ours, parents=[root], message="ours\n", date=EPOCH)
    right = await commit_tree(where, theirs, parents=[root], message="theirs\n", date=EPOCH)
    printed, code = await git_status(
        # A guess that files belong into a folder which the other side renamed is a conflict there.
        "-c", "merge.directoryRenames=false",
        "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", left, right,
        where=where, accept=(0, 1),
    )  # fmt: skip
    tree, *names = printed.split(b"\0")
    conflicts = tuple(dict.fromkeys(name for name in names if name)) if code else ()
    return Merged(tree=tree.decode(), conflicts=conflicts)
