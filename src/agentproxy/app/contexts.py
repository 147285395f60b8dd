"""The contexts of the repository around a directory, as a run that starts now would get them."""

import asyncio
import os
import tempfile
from pathlib import Path

from agentproxy.supervisor.contexts import (
    OF_THE_BASE,
    Contexts,
    is_of_the_base,
    read_contexts,
)
from agentproxy.workspace.clone import checkout_files
from agentproxy.workspace.objects import GITLINK, list_tree
from agentproxy.workspace.own import own_git
from agentproxy.workspace.present import present_tree
from agentproxy.workspace.repository import Repository, open_repository


async def contexts_around(directory: Path) -> Contexts:
    """Project and guidance from the base, the session from the user's own folder.

    Raises:
        RepositoryUnusable: there is no repository here, or it has no base now.
    """
    repository = await open_repository(directory)
    with tempfile.TemporaryDirectory(prefix="agentproxy-contexts-") as folder:
        known = await _check_out(repository, Path(folder))
        base = await asyncio.to_thread(read_contexts, Path(folder), kinds=OF_THE_BASE)
    return await asyncio.to_thread(_with_own, base, repository.root, known=known)


async def _check_out(repository: Repository, folder: Path) -> frozenset[str]:
    """Write the files of the contexts as the base has them, and say their names."""
    with own_git(repository, work_tree=repository.root) as where:
        tree = await present_tree(repository, where)
        entries = await list_tree(where, tree)
    names = [
        entry.name
        for entry in entries
        if entry.mode != GITLINK and is_of_the_base(os.fsdecode(entry.name))
    ]
    if names:
        await checkout_files(repository, tree, names, at=folder)
    return frozenset(os.fsdecode(name) for name in names)


def _with_own(base: Contexts, root: Path, *, known: frozenset[str]) -> Contexts:
    """With the session, and a word on each file of the user's that is not in the base."""
    own = read_contexts(root)
    session = Contexts(
        own.of("session"), tuple(note for note in own.notes if note not in base.notes)
    )
    missing = tuple(
        f"{each.path}: git does not know it, so no run sees it: git add {each.path}"
        for each in own.documents
        if each.context != "session" and each.path not in known
    )
    return base.plus(session).plus(Contexts(notes=missing))
