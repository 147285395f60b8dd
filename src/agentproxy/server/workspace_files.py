"""What a turn left in the workspace of its conversation."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OWN_FOLDERS = frozenset({".agent", ".transcripts", ".tasks", ".team"})
NEVER_LISTED = frozenset({".git", "node_modules", "__pycache__", ".venv"})
MAX_LOOKED_AT = 20_000
MAX_LISTED = 500


def files_since(workspace: Path, began: float) -> list[dict[str, Any]]:
    """Returns the files that changed since a Unix time, with their size in bytes.

    At most 500 of the first 20,000 files. Links are passed over.
    """
    found = [
        {"name": Path(path).name, "path": path, "size": size}
        for path, size, changed in _files(workspace)
        if changed >= began
    ]
    return sorted(found, key=lambda each: str(each["path"]))[:MAX_LISTED]


def _files(workspace: Path) -> Iterator[tuple[str, int, float]]:
    looked_at = 0
    for folder, folders, names in os.walk(workspace):
        inside = os.path.relpath(folder, workspace)
        hidden = OWN_FOLDERS | NEVER_LISTED if inside == "." else NEVER_LISTED
        folders[:] = sorted(set(folders) - hidden)
        for name in names:
            looked_at += 1
            if looked_at > MAX_LOOKED_AT:
                return
            place = os.path.join(folder, name)  # noqa: PTH118 - called for every file
            try:
                found = os.lstat(place)
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode):
                path = name if inside == "." else f"{inside}/{name}"
                yield path, found.st_size, found.st_mtime
