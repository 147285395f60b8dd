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


class TooManyMentions(GitError):
    """What is looked for is mentioned more often than anybody reads."""


async def count_mentions(
    repo: Repository, words: Sequence[str], *, commit: str, ignore_case: bool = False
) -> Counter[tuple[str, str]]:
    """How often each text file has each word, by path and word as it is written there.

    Raises:
        TooManyMentions: a `GitError` like those of a search that failed or took too long.
    """
    if not words:
        return Counter()
    how = ["--word-regexp", "--fixed-strings"]
    return Counter(await _grep(repo, words, how, commit=commit, ignore_case=ignore_case))


async def find_matches(
    repo: Repository, patterns: Sequence[str], *, commit: str, ignore_case: bool = False
) -> Sequence[tuple[str, str]]:
    """What text files have that matches one of the patterns (POSIX, extended), with their paths.

    Raises:
        TooManyMentions: a `GitError` like those of a search that failed or took too long.
    """
    if not patterns:
        return ()
    how = ["--extended-regexp"]
    return await _grep(repo, patterns, how, commit=commit, ignore_case=ignore_case)


async def _grep(
    repo: Repository, patterns: Sequence[str], how: Sequence[str], *, commit: str, ignore_case: bool
) -> Sequence[tuple[str, str]]:
    named = [part for pattern in patterns for part in ("-e", pattern)]
    options = [*how, "--ignore-case"] if ignore_case else how
    with own_git(repo) as where:
        printed = await git(
            "grep", "-z", "-I", "--only-matching", *options, *named, checked(commit), "--",
            where=where, timeout=SECONDS, accept=(0, _NOTHING_FOUND), limit=MAX_PRINTED_BYTES,
        )  # fmt: skip
    if len(printed) >= MAX_PRINTED_BYTES:
        raise TooManyMentions("grep", None, "too many mentions")
    return [
        (as_text(match[1]), match[2].decode(errors="replace")) for match in _LINE.finditer(printed)
    ]
