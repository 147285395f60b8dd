"""Taking in a pack that came out of a sandbox: every object is checked before it is kept."""

import re
from pathlib import Path

from agentproxy.workspace.git.command import GitError, GitLocation, git
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.submodules import holds_tree

# What git calls dangerous in these files is dangerous to those who use them later; it is said in a
# finding. Everything else (a path `.git`, a bad mode, a missing object) keeps the pack out.
SAYABLE = re.compile(r"object [0-9a-f]+: ((?:gitmodules|gitattributes|gitignore|mailmap)\w+): (.*)")
MAX_TRIES = 8


async def take_pack(where: GitLocation, pack: Path, *, tree: str) -> list[str]:
    """Take a pack into the user's objects; returns what is dangerous in it, in sentences.

    Raises:
        GitError: an object is broken, or something that the tree needs is not there.
    """
    said: dict[str, str] = {}
    if await holds_tree(where, tree):
        return []
    for _ in range(MAX_TRIES):
        excused = ",".join(f"{name}=ignore" for name in said)
        strict = f"--strict={excused}" if excused else "--strict"
        try:
            await git("index-pack", strict, "--stdin", where=where, stdin=pack)
        except GitError as error:
            found = dict(SAYABLE.findall(error.said))
            if not found.keys() - said.keys():
                raise
            said |= found
        else:
            break
    if not await holds_tree(where, tree):
        raise GitError("index-pack", 0, "the tree is not in the pack")
    return [f"git warns of {name}: {in_a_sentence(what.encode())}" for name, what in said.items()]
