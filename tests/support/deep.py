"""Folders deeper than a path can say."""

import os
from pathlib import Path


def make_deep(folder: Path, *, levels: int, name: str = "deep") -> None:
    """Folders in folders, with a file at the bottom; deeper than a path can say."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
