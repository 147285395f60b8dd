"""Finds the files of a tree for which its attributes name a filter."""

from collections.abc import Sequence
from dataclasses import replace

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.lfs import filters_of
from agentproxy.workspace.git.objects import GITLINK, SYMLINK, TreeEntry
from agentproxy.workspace.git.repository import Repository


async def filtered_files(
    repository: Repository, where: GitLocation, entries: Sequence[TreeEntry]
) -> dict[bytes, str]:
    """Returns the filter of each file that has one. Reads the tree, not the files on disk."""
    if where.git_dir is None:
        raise ValueError("attributes can only be read with a git directory of our own")
    files = [entry for entry in entries if entry.mode not in (GITLINK, SYMLINK)]
    declaring = [e for e in files if e.name.rpartition(b"/")[2] == b".gitattributes"]
    if not declaring and not repository.settings.attributes.strip():
        return {}
    # An index with only the .gitattributes files: `check-attr --cached` reads them from there.
    aside = replace(where, index=where.git_dir / "attributes-index")
    await git("read-tree", "--empty", where=aside)
    lines = b"".join(b"100644 %s\t%s\0" % (e.oid.encode(), e.name) for e in declaring)
    await git("update-index", "-z", "--index-info", where=aside, stdin=lines)
    return await filters_of(aside, [entry.name for entry in files], source=["--cached"])


async def large_files(
    repository: Repository, where: GitLocation, entries: Sequence[TreeEntry]
) -> dict[bytes, str]:
    """Returns the files of a tree that are under Git LFS, with their blobs."""
    filters = await filtered_files(repository, where, entries)
    return {e.name: e.oid for e in entries if filters.get(e.name) == "lfs"}
