"""Finds folders outside an environment that hold its packages."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from agentproxy.files.pathnames import BadPath
from agentproxy.files.reading import read_own

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


def editable_projects(environment: Path) -> Iterator[Path]:
    """Returns the projects that an environment has installed as editable, as pip records them."""
    for record in sorted(environment.glob(f"{SITES}/*.dist-info/direct_url.json")):
        try:
            project = _editable(json.loads(read_own(record, limit=MAX_PTH_BYTES, follow=True)))
        except (OSError, ValueError, RecursionError):
            continue
        if project is not None and _is_folder(project):
            yield project


def _editable(record: object) -> Path | None:
    if not isinstance(record, dict):
        return None
    fields = cast("dict[str, object]", record)
    about, url = fields.get("dir_info"), fields.get("url")
    if not isinstance(about, dict) or not isinstance(url, str):
        return None
    path = unquote(urlsplit(url).path)
    is_editable = cast("dict[str, object]", about).get("editable") is True
    usable = is_editable and path.startswith("/") and "\0" not in path
    return Path(os.path.normpath(path)) if usable else None


def _of_text(file: Path) -> Iterator[Path]:
    try:
        text = read_own(file, limit=MAX_PTH_BYTES, follow=True).decode(errors="replace")
    except (OSError, BadPath):
        return
    for match in _PATH.finditer(text):
        path = Path(os.path.normpath((match[1] or match[2]).strip()))
        if "\0" not in str(path) and _is_folder(path):
            yield path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    # The name is too long.
    except OSError:
        return False


def _of_links(modules: Path) -> Iterator[Path]:
    seen = 0
    for folder in (modules, *sorted(modules.glob("@*"))):
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            seen += 1
            if seen > MAX_LINKS:
                return
            if entry.is_symlink() and entry.is_dir():
                yield entry.resolve()
