"""Imports a pack from a sandbox. Git checks every object before it keeps the pack."""

import re
from pathlib import Path

from agentproxy.workspace.git.command import GitError, GitLocation, git
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.objects import list_tree
from agentproxy.workspace.git.submodules import holds_tree

# Dangerous content in these files does harm only when someone uses it later, so it is a finding.
# Every other fault (a path `.git`, a bad mode, a missing object) refuses the pack.
REPORTED = re.compile(
    r"object [0-9a-f]+: ((?:gitmodules|gitattributes|gitignore|mailmap)\w+): (.*)"
)
MAX_TRIES = 8


async def take_pack(where: GitLocation, pack: Path, *, tree: str) -> list[str]:
    """Imports a pack into the user's objects. Returns findings about dangerous files in it.

    Raises:
        GitError: an object is invalid, or an object that the tree needs is missing.
    """
    said: dict[str, str] = {}
    if await holds_tree(where, tree):
        return []
    # Git stops at the first faulty object, so each try excuses the faults that are known.
    for _ in range(MAX_TRIES):
        excused = ",".join(f"{name}=ignore" for name in said)
        strict = f"--strict={excused}" if excused else "--strict"
        try:
            await git("index-pack", strict, "--stdin", where=where, stdin=pack)
        except GitError as error:
            found = dict(REPORTED.findall(error.said))
            if not found.keys() - said.keys():
                raise
            said |= found
        else:
            break
    try:
        await list_tree(where, tree)
    except GitError as error:
        raise GitError("index-pack", 0, "the tree is not in the pack") from error
    return [f"git warns of {name}: {in_a_sentence(what.encode())}" for name, what in said.items()]
