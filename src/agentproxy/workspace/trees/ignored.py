"""Which of the user's files git ignores. Clones do not have them."""

import os
from collections.abc import Collection, Sequence

from agentproxy.workspace.git.command import git
from agentproxy.workspace.git.filenames import split_names
from agentproxy.workspace.git.objects import checked
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.trees.working_tree import exclude_as_user


async def ignored_files(repo: Repository, paths: Sequence[str], *, base: str) -> Collection[str]:
    """Returns those of the paths in the user's tree that are files which git ignores.

    A file of the commit `base` is tracked, whatever `.gitignore` says.
    """
    if not paths:
        return ()
    with own_git(repo, work_tree=repo.root) as where:
        await git("read-tree", checked(base), where=where)
        listed = await git(
            *exclude_as_user(repo, where), "ls-files", "-z", "--others", "--ignored",
            "--exclude-standard", "--", *paths, where=where,
        )  # fmt: skip
    return {os.fsdecode(name) for name in split_names(listed)}
