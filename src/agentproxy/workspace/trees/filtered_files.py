"""Files whose content a filter of the user's makes, as git-crypt does. No such filter runs here.

Trees have these files as git stores them. What the user or a worker sees in their place may be a
secret in plain text, so it never gets into a tree.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.git.attributes import filtered_files
from agentproxy.workspace.git.command import GitLocation
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.objects import TreeEntry, read_blob
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.filter_evidence import FilterEvidence
from agentproxy.workspace.trees.walk import Listing

COMPARED_LIMIT = 16 << 20  # bytes
MAX_NAMED = 5


async def as_stored(
    repository: Repository,
    where: GitLocation,
    entries: Sequence[TreeEntry],
    *,
    listing: Listing,
    evidence: FilterEvidence,
) -> dict[bytes, bytes]:
    """Index lines that keep what git stores of each file that a filter makes and that is there."""
    if not evidence.drivers:
        return {}
    filters = await filtered_files(repository, where, entries)
    present = set(listing.files)
    made = {name for name in filters if evidence.judge(name, filters[name]) != "plain"}
    return {
        each.name: b"%s %s\t%s\0" % (each.mode.encode(), each.oid.encode(), each.name)
        for each in entries
        if each.name in made and each.name in present
    }


async def describe_changes(
    repository: Repository, where: GitLocation, lines: Mapping[bytes, bytes], *, tree: SafeDir
) -> list[str]:
    """Sentences about files that a worker changed and that are kept as git stores them."""
    changed: list[bytes] = []
    with SafeDir(repository.root) as theirs:
        for name, line in lines.items():
            stored = await read_blob(where, line.split(b"\t")[0].split()[1].decode())
            found = await asyncio.to_thread(_content, tree, name)
            # A carried file is the user's own.
            if found not in (stored, await asyncio.to_thread(_content, theirs, name)):
                changed.append(name)
    return left_out(changed)


def left_out(names: Sequence[bytes]) -> list[str]:
    """Sentences about the changes of files that a claim does not have."""
    said = [
        f"{in_a_sentence(name)} is made by a filter that does not run here, so the claim leaves "
        "its change out"
        for name in names[:MAX_NAMED]
    ]
    if len(names) > MAX_NAMED:
        said.append(
            f"{len(names) - MAX_NAMED} more files are made by a filter, so the claim leaves "
            "their changes out"
        )
    return said


def _content(folder: SafeDir, name: bytes) -> bytes | None:
    try:
        return folder.read(os.fsdecode(name), limit=COMPARED_LIMIT)
    except (BadPath, OSError):
        return None
