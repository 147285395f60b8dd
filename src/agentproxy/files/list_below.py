"""Lists the files below a folder from a stranger: without recursion, and with a limit."""

import os
from pathlib import Path


def list_below(tree: Path, *, most: int) -> frozenset[str]:
    """Returns paths of files relative to `tree`, without `.git`. Stops after about `most` names."""
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
    # Too deep for a path, or unreadable.
    except OSError:
        return []
