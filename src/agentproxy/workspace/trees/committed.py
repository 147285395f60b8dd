"""Which folders of a repository hold committed files."""

import os
from pathlib import PurePosixPath

from agentproxy.workspace.git.objects import SYMLINK, list_tree
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git


async def committed_folders(repository: Repository, tree: str) -> frozenset[str]:
    """Returns the folders relative to the root, with their parents, and the links."""
    with own_git(repository) as where:
        entries = await list_tree(where, tree)
    nearest = {os.fsdecode(entry.name.rpartition(b"/")[0]) for entry in entries}
    nearest |= {os.fsdecode(entry.name) for entry in entries if entry.mode == SYMLINK}
    folders = {PurePosixPath(name) for name in nearest if name}
    return frozenset(str(each) for folder in folders for each in (folder, *folder.parents))
