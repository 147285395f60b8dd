"""Where the files of a commit mention words."""

import re
from collections import Counter
from collections.abc import Sequence

from agentproxy.workspace.git.command import GitError, git
from agentproxy.workspace.git.filenames import as_text
from agentproxy.workspace.git.objects import checked
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git

MAX_PRINTED_BYTES = 16 << 20
SECONDS = 30.0
_NOTHING_FOUND = 1  # an exit code
_LINE = re.compile(rb"[0-9a-f]+:([^\0]*)\0([^\n]*)\n")  # a path may hold a newline


async def count_mentions(
    repo: Repository, words: Sequence[str], *, commit: str, ignore_case: bool = False
) -> Counter[tuple[str, str]]:
    """How often each text file has each word, by path and word as it is written there.

    Raises:
        GitError: there are too many mentions, or it took too long.
    """
    if not words:
        return Counter()
    named = [part for word in words for part in ("-e", word)]
    case = ["--ignore-case"] if ignore_case else []
    with own_git(repo) as where:
        printed = await git(
            "grep", "-z", "-I", "--only-matching", "--word-regexp", "--fixed-strings", *case,
            *named, checked(commit), "--",
            where=where, timeout=SECONDS, accept=(0, _NOTHING_FOUND), limit=MAX_PRINTED_BYTES,
        )  # fmt: skip
    if len(printed) >= MAX_PRINTED_BYTES:
        raise GitError("grep", None, "too many mentions")
    return Counter(
        (as_text(match[1]), match[2].decode(errors="replace")) for match in _LINE.finditer(printed)
    )
