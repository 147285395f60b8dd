"""Which files of the user's `carry` means. Its patterns mean what they mean in .gitignore."""

import os
import posixpath
from collections.abc import Sequence

from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import split_names
from agentproxy.workspace.git.objects import checked
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import own_git

WILD = frozenset("*?[")


async def carried_files(
    repository: Repository, patterns: Sequence[str], *, base: str
) -> tuple[list[str], list[str]]:
    """Returns the files below the root that patterns match, and a note on each other pattern.

    A file of the commit `base` is carried only where a pattern is its path.
    """
    files: dict[str, None] = {}
    notes: list[str] = []
    if not patterns:
        return [], []
    with own_git(repository, work_tree=repository.root) as where:
        await git("read-tree", checked(base), where=where)
        # A later pattern with "!" takes back what an earlier one matches.
        for at, pattern in enumerate(patterns):
            if pattern.startswith("!"):
                continue
            taken_back = [each for each in patterns[at:] if each.startswith("!")]
            matched = await _matches(where, [pattern, *taken_back])
            if not WILD.intersection(pattern) and (repository.root / pattern).is_file():
                matched.append(posixpath.normpath(pattern))
            files.update(dict.fromkeys(matched))
            if not matched:
                notes.append(f"carry: nothing matches {pattern!r}")
    return sorted(files), notes


async def _matches(where: GitLocation, patterns: Sequence[str]) -> list[str]:
    excluded = [f"--exclude={pattern}" for pattern in patterns]
    listed = await git("ls-files", "-z", "--others", "--ignored", *excluded, where=where)
    return [os.fsdecode(name) for name in split_names(listed) if not name.endswith(b"/")]
