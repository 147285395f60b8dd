"""Deletes a folder from a stranger: of any depth, without recursion, following no link."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from agentproxy.files.openat2 import FOLDER


def remove_tree(folder: Path) -> None:
    """Deletes a folder and its contents as far as possible. Never raises OSError."""
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
    # A deep path may be too long for the kernel, and a handle for each level too many for a
    # process. So inner folders are moved to the top before their folder is emptied.
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
                        # Moving a folder needs the right to write in it: its `..` changes.
                        os.chmod(inner, stat.S_IRWXU, dir_fd=here)
                        os.rename(inner, moved, src_dir_fd=here, dst_dir_fd=top)
                        waiting.append(moved)
            finally:
                os.close(here)
            os.rmdir(name, dir_fd=top)


def _folders_left(folder: int) -> list[bytes]:
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
