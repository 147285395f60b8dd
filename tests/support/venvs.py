"""Virtual environments that hold pytest and nothing else."""

import atexit
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

NEEDED_BY_PYTEST = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py.py")


@cache
def bare_venv() -> Path:
    """One for all tests of this process: without plugins a check takes half of its time."""
    folder = Path(tempfile.mkdtemp(prefix="agentproxy-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return new_venv(folder / "tools")


def new_venv(at: Path, *, base: Path | None = None, pytest: bool = True) -> Path:
    """A virtual environment as `python -m venv` makes it, with or without pytest in it."""
    python = base or Path(sys.base_prefix, "bin", "python3")
    subprocess.run([python, "-m", "venv", "--without-pip", at], check=True, capture_output=True)
    if pytest:
        site, ours = site_packages(at), Path(sysconfig.get_paths()["purelib"])
        for name in NEEDED_BY_PYTEST:
            copy = shutil.copy if name.endswith(".py") else shutil.copytree
            copy(ours / name, site / name)
        for about in ours.glob("pytest-*.dist-info"):
            shutil.copytree(about, site / about.name)
    return at


def site_packages(venv: Path) -> Path:
    """Where a virtual environment keeps its packages."""
    return next(venv.glob("lib/python3*/site-packages"))
