"""Searches the files of a commit for words."""

from collections.abc import Sequence

from agentproxy.workspace.git.command import git
from agentproxy.workspace.git.filenames import as_text
from agentproxy.workspace.git.objects import checked
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git

MAX_PRINTED_BYTES = 8 << 20


async def count_words(
    repository: Repository, commit: str, words: Sequence[str]
) -> dict[str, dict[str, int]] | None:
    """Counts whole words in the text files of a commit, by word and by file; None where there are
    too many to count.
    """
    wanted = [part for word in words for part in ("-e", word)]
    with own_git(repository) as where:
        printed = await git(
            *("grep", "-I", "-F", "-w", "-o", "-z", "--full-name", *wanted, checked(commit)),
            where=where,
            accept=(0, 1),
            limit=MAX_PRINTED_BYTES,
        )
    if len(printed) >= MAX_PRINTED_BYTES:
        return None
    found: dict[str, dict[str, int]] = {word: {} for word in words}
    for line in printed.splitlines():
        place, _, match = line.partition(b"\0")
        path = as_text(place.partition(b":")[2])
        by_file = found.get(match.decode(errors="replace"))
        if by_file is not None:
            by_file[path] = by_file.get(path, 0) + 1
    return found
