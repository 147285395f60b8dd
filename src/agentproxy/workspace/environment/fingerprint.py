"""Whether an environment of the user's is still the one that a run began with."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agentproxy.events.git_facts import EnvironmentFound

PACKAGES = (".", "bin", ".bin", "conda-meta")
SITES = "lib/python3*/site-packages"
PASSED_OVER = frozenset({"__pycache__"})


def fingerprint(folder: Path) -> str:
    """What is installed in an environment folder, as a digest: cheap, so no file is opened.

    It names packages and programs. Of folders only the names count: running a package's code
    writes caches into them. Hidden folders are caches; hidden files are installers' records.
    """
    digest = hashlib.sha256()
    tops = [*(folder / name for name in PACKAGES), *sorted(folder.glob(SITES))]
    tops += sorted(folder.glob("@*"))
    for top in tops:
        for line in sorted(_entries(top)):
            digest.update(os.fsencode(f"{top}\0{line}\n"))
    return digest.hexdigest()


def changed_since(environment: EnvironmentFound) -> tuple[str, ...]:
    """A sentence for each environment folder that is not as it was when the run began. Blocking."""
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
            yield f"{entry.name} {status.st_size} {status.st_mtime_ns}"
        elif not entry.name.startswith(".") and entry.name not in PASSED_OVER:
            yield entry.name
