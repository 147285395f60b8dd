"""Environments as users have them: virtual environments, and what a folder holds, bit by bit."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

from support.front_door import Pa, Record
from support.venvs import new_venv as new_venv
from support.venvs import site_packages as site_packages

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

PACKAGE = {
    "src/parcel/__init__.py": "def weigh(grams):\n    return grams - 1000\n",
    "tests/test_parcel.py": (
        "import parcel\n\n\n"
        "def test_weigh():\n    assert parcel.weigh(2000) == 2\n\n\n"
        "def test_is_the_tree_under_proof():\n"
        "    text = open(parcel.__file__).read()\n"
        "    assert 'def weigh' in text\n"
        "    print('imported from', parcel.__file__)\n"
    ),
    # What is named is the whole suite already; to run it as a discovered check as well takes time.
    "agentproxy.toml": "discovered = false\n",
    "pyproject.toml": '[project]\nname = "parcel"\nversion = "1.0"\n',
    ".gitignore": "__pycache__/\n.venv/\nvenv/\nnode_modules/\n*.egg-info/\n",
}
MEND_PARCEL = "sed -i 's/grams - 1000/grams \\/\\/ 1000/' src/parcel/__init__.py"


def install_editable(venv: Path, project: Path, *, how: str) -> None:
    """What `pip install -e` writes: a path file, or a finder that maps names to folders."""
    site = site_packages(venv)
    about = site / "parcel-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n")
    (about / "direct_url.json").write_text(
        f'{{"dir_info": {{"editable": true}}, "url": "file://{project}"}}'
    )
    if how == "path":
        (site / "__editable__.parcel-1.0.pth").write_text(f"{project}/src\n")
        return
    name = "__editable___parcel_1_0_finder"
    (site / "__editable__.parcel-1.0.pth").write_text(f"import {name}; {name}.install()\n")
    (site / f"{name}.py").write_text(
        "import sys\n"
        "from importlib.util import spec_from_file_location\n\n"
        f"MAPPING = {{'parcel': '{project}/src/parcel'}}\n\n\n"
        "class Finder:\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        if name in MAPPING:\n"
        "            return spec_from_file_location(name, f'{MAPPING[name]}/__init__.py')\n"
        "        return None\n\n\n"
        "def install():\n    sys.meta_path.append(Finder)\n"
    )


def picture(*folders: Path) -> dict[str, str]:
    """Every file of the folders with its mode, size, times and content."""
    found: dict[str, str] = {}
    for folder in folders:
        for place, names, files in os.walk(folder):
            for name in (*names, *files):
                path = Path(place, name)
                found[str(path)] = _look(path)
    return found


def _look(path: Path) -> str:
    status = path.lstat()
    about = f"{status.st_mode:o} {status.st_size} {status.st_mtime_ns}"
    if stat.S_ISLNK(status.st_mode):
        return f"{about} -> {path.readlink()}"
    if stat.S_ISREG(status.st_mode):
        return f"{about} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return about


def as_user(home: Path, *path: Path | str, **more: str) -> dict[str, str]:
    """The variables of a user who lives in `home`; nothing is active that is not named."""
    home.mkdir(parents=True, exist_ok=True)
    quiet = {"PYENV_ROOT": "", "PYENV_VERSION": "", "NODE_PATH": ""}
    return {
        **quiet,
        "HOME": str(home),
        "VIRTUAL_ENV": "",
        "PYTHONDONTWRITEBYTECODE": "",
        "PATH": os.pathsep.join([*(str(part) for part in path), SYSTEM_PATH]),
        **more,
    }


def new_project(pa: Pa, files: dict[str, str]) -> None:
    """Another project in the place of the first."""
    for path in pa.project.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    pa.write(files)
    pa.commit("Another project")


def outcomes_of(result: Record) -> dict[str, str]:
    """The outcome of every test of a result."""
    return {test["name"]: test["outcome"] for test in result["tests"]}
