"""Finds folders outside an environment that hold its packages."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

SITES = "lib/python3*/site-packages"
MAX_PTH_BYTES = 1 << 20
MAX_LINKS = 10_000
# A `.pth` file has a path on a line; the finder module of setuptools has it in quotes.
_PATH = re.compile(r"""^(/[^'"\n]+)$|['"](/[^'"\n]+)['"]""", re.MULTILINE)


def linked_folders(environment: Path) -> Iterator[Path]:
    """Returns the folders that `.pth` files, import finders and links of an environment name.

    They are not vetted: a folder may be HOME.
    """
    if environment.name == "node_modules":
        yield from _of_links(environment)
        return
    for site in sorted(environment.glob(SITES)):
        for pattern in ("*.pth", "__editable___*_finder.py"):
            for file in sorted(site.glob(pattern)):
                yield from _of_text(file)


def _of_text(file: Path) -> Iterator[Path]:
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_PTH_BYTES).decode(errors="replace")
    except OSError:
        return
    for match in _PATH.finditer(text):
        path = Path(os.path.normpath((match[1] or match[2]).strip()))
        if "\0" not in str(path) and path.is_dir():
            yield path


def _of_links(modules: Path) -> Iterator[Path]:
    seen = 0
    for folder in (modules, *sorted(modules.glob("@*"))):
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            seen += 1
            if seen > MAX_LINKS:
                return
            if entry.is_symlink() and entry.is_dir():
                yield entry.resolve()
