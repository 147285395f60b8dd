"""Reads the contexts as a run that starts now would read them."""

import asyncio
import os
import tempfile
from pathlib import Path

from agentproxy.supervisor.contexts.at import contexts_at, holds_a_context
from agentproxy.supervisor.contexts.reading import Contexts, read_contexts
from agentproxy.workspace.git.objects import list_tree
from agentproxy.workspace.git.repository import open_repository
from agentproxy.workspace.git.scratch_git_dir import own_git
from agentproxy.workspace.trees.working_tree import present_tree


async def contexts_around(directory: Path, *, scratch: Path | None = None) -> Contexts:
    """Reads the contexts of the repository around a directory. Raises RepositoryUnusable."""
    repository = await open_repository(directory, scratch=scratch)
    with own_git(repository, work_tree=repository.root) as where:
        tree = await present_tree(repository, where)
        entries = await list_tree(where, tree)
    with tempfile.TemporaryDirectory(
        prefix="agentproxy-contexts-", dir=repository.scratch
    ) as folder:
        base = await contexts_at(repository, tree, entries=entries, folder=Path(folder))
    known = frozenset(os.fsdecode(entry.name) for entry in entries if holds_a_context(entry))
    return await asyncio.to_thread(_with_own, base, repository.root, known=known)


def _with_own(base: Contexts, root: Path, *, known: frozenset[str]) -> Contexts:
    own = read_contexts(root)
    # Both reads note the same files, and each note is shown once.
    session = Contexts(
        own.of("session"), tuple(note for note in own.notes if note not in base.notes)
    )
    missing = tuple(
        f"{each.path}: git does not track it, so no run reads it; add it with git add {each.path}"
        for each in own.documents
        if each.context != "session" and each.path not in known
    )
    return base.plus(session).plus(Contexts(notes=missing))
