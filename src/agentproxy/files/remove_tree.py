"""Deletes a folder that a stranger filled: of any depth, without recursion, following no link."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from agentproxy.files.openat2 import FOLDER


def remove_tree(folder: Path) -> None:
    """Delete a folder and all that is in it, as far as that is possible. Never raises OSError.

    A path deeper than the kernel takes cannot be named, and a handle for each level could be more
    than a process may hold. So each folder is emptied where it lies, and those in it are moved up
    to the top first.
    """
    with suppress(OSError):
        top = os.open(folder, FOLDER | os.O_NOFOLLOW)
        try:
            _empty(top)
        finally:
            os.close(top)
        folder.rmdir()


def _empty(top: int) -> None:
    os.fchmod(top, stat.S_IRWXU)
    number = 0
    waiting = _folders_left(top)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            os.chmod(name, stat.S_IRWXU, dir_fd=top)
            here = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=top)
            try:
                for inner in _folders_left(here):
                    number += 1
                    moved = os.fsencode(f".agentproxy-{number}")
                    with suppress(OSError):
                        # Who moves a folder must be allowed to write in it.
                        os.chmod(inner, stat.S_IRWXU, dir_fd=here)
                        os.rename(inner, moved, src_dir_fd=here, dst_dir_fd=top)
                        waiting.append(moved)
            finally:
                os.close(here)
            os.rmdir(name, dir_fd=top)


def _folders_left(folder: int) -> list[bytes]:
    """Delete what is no folder; the names of those that are."""
    left: list[bytes] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = os.fsencode(entry.name)
            if entry.is_dir(follow_symlinks=False):
                left.append(name)
                continue
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
    return left
