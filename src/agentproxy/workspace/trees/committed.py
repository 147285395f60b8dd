"""Which folders of a repository hold committed files."""

import os
from pathlib import PurePosixPath

from agentproxy.workspace.git.objects import list_tree
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git


async def committed_folders(repository: Repository, tree: str) -> frozenset[str]:
    """Returns the folders relative to the root, with their parents."""
    with own_git(repository) as where:
        entries = await list_tree(where, tree)
    nearest = {os.fsdecode(entry.name.rpartition(b"/")[0]) for entry in entries}
    folders = {PurePosixPath(name) for name in nearest if name}
    return frozenset(str(each) for folder in folders for each in (folder, *folder.parents))
