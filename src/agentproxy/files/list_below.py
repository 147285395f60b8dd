"""Lists what a stranger left in a folder: without recursion, and with a bound."""

import os
from pathlib import Path


def list_below(tree: Path, *, most: int) -> frozenset[str]:
    """Paths of files below a folder, relative to it, without any `.git`.

    It stops after about `most` names. What is too deep for a path, or cannot be read, is left out.
    """
    found: list[str] = []
    waiting = [""]
    looked = 0
    while waiting and looked <= most:
        folder = waiting.pop()
        for name, is_folder in _entries(f"{tree}/{folder}"):
            looked += 1
            if is_folder and name != ".git":
                waiting.append(f"{folder}{name}/")
            elif not is_folder:
                found.append(f"{folder}{name}")
    return frozenset(found)


def _entries(folder: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return []
