"""Reads the contexts from a tree of the repository. Only their files are written to disk."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from agentproxy.supervisor.contexts.reading import (
    OF_THE_BASE,
    Contexts,
    is_of_the_base,
    read_contexts,
)
from agentproxy.workspace.git.objects import GITLINK, TreeEntry
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.clone import checkout_files


async def contexts_at(
    repository: Repository, tree: str, *, entries: Sequence[TreeEntry], folder: Path
) -> Contexts:
    """Returns the project and guidance of a tree.

    `entries` are the files of the tree. `folder` is empty.
    """
    names = [entry.name for entry in entries if holds_a_context(entry)]
    if names:
        await checkout_files(repository, tree, names, at=folder)
    return await asyncio.to_thread(read_contexts, folder, kinds=OF_THE_BASE)


def holds_a_context(entry: TreeEntry) -> bool:
    return entry.mode != GITLINK and is_of_the_base(os.fsdecode(entry.name))
