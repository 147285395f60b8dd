"""Detects that the user's environment changed while a run was under way."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agentproxy.events.git_facts import EnvironmentFound

PACKAGES = (".", "bin", ".bin", "conda-meta")
SITES = "lib/python3*/site-packages"
IGNORED = frozenset({"__pycache__"})


def fingerprint(folder: Path) -> str:
    """Returns a digest of the packages and programs in a folder. Opens no file."""
    digest = hashlib.sha256()
    tops = [*(folder / name for name in PACKAGES), *sorted(folder.glob(SITES))]
    tops += sorted(folder.glob("@*"))
    for top in tops:
        for line in sorted(_entries(top)):
            digest.update(os.fsencode(f"{top}\0{line}\n"))
    return digest.hexdigest()


def changed_since(environment: EnvironmentFound) -> tuple[str, ...]:
    """Returns a sentence for each environment folder that has changed. Blocking."""
    return tuple(
        f"{folder} changed while the run was under way"
        for folder, before in environment.prints.items()
        if fingerprint(Path(folder)) != before
    )


def _entries(folder: Path) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            # Hidden files too: package managers keep their records in them.
            yield f"{entry.name} {status.st_size} {status.st_mtime_ns}"
        elif not entry.name.startswith(".") and entry.name not in IGNORED:
            # Only the name: a package that runs writes caches into its own folder.
            yield entry.name
