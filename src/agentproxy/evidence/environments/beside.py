"""What an installation puts beside its folder: the packages of workspaces, and Yarn's own files.

It is kept inside the folder, so that both are stored, reused and deleted as one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

_KEPT = ".agentproxy-beside"
MOST_PLACES = 2_000
MAX_DEPTH = 12
# The packages of a workspace that have modules of their own, as pnpm gives them to each.
NESTED_MODULES = "find . -name node_modules -type d -prune ! -path ./node_modules"
PLUG_N_PLAY = "find .pnp.cjs .pnp.loader.mjs .yarn/unplugged -prune 2>/dev/null || :"
PNP = ".pnp.cjs"
_FILES = (PNP, ".pnp.loader.mjs")
_FOLDERS = ("node_modules", "unplugged")


def keep_beside(folder: str, found: str) -> str:
    """Returns the command that keeps in `folder` what the command `found` lists."""
    return (
        f"beside=$(mktemp); {{ {found}; }} >$beside\n"
        f"if [ -s $beside ]; then mkdir -p {folder}/{_KEPT}\n"
        f"  tar -cf - -T $beside | tar -xf - -C {folder}/{_KEPT}\n"
        "fi\n"
    )


def find_beside(built: Path, around: Path) -> dict[str, str]:
    """Returns what was kept in a folder, by its place below `around`. Blocking.

    Links are not followed: code of a claim has written here.
    """
    found = _kept(built / _KEPT)
    return {os.path.normpath(around / name): path for name, path in found}


def _kept(top: Path) -> Iterator[tuple[str, str]]:
    todo, left = [("", str(top), 0)], MOST_PLACES
    while todo:
        inside, place, depth = todo.pop()
        for entry in _entries(place):
            left -= 1
            if left < 0:
                return
            name = f"{inside}{entry.name}"
            is_folder = entry.is_dir(follow_symlinks=False)
            if entry.name in _FOLDERS if is_folder else name in _FILES and _is_file(entry):
                yield name, entry.path
            elif is_folder and depth < MAX_DEPTH:
                todo.append((f"{name}/", entry.path, depth + 1))


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []
