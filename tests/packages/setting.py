"""Lays a package out as a person works on it: a repository, and its tools beside it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from packages.package import Package
from support.front_door import run_git
from support.sdists import Sdist, fetched

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".packages"
LOCK = ROOT / "requirements" / "packages.txt"
RUNNERS = ROOT / ".runners"
PINS = ROOT / "requirements" / "runners"
PATIENCE = 300  # seconds for one command
IGNORED = (
    "__pycache__/ .venv/ node_modules/ *.egg-info/ build/ *.so .pytest_cache/ .hypothesis/"
    " .coverage coverage.xml .nyc_output/ coverage/"
)


def archive_of(package: Package) -> Path:
    """The package's archive, fetched once."""
    folder = KEPT / "archives"
    if package.registry == "pypi":
        return fetched(Sdist(package.name, package.version, package.sha256), into=folder)
    file = folder / f"{package.name}-{package.version}.tgz"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = f"{package.name}@{package.version}"
        packed = run(["npm", "pack", "--silent", wanted, "--pack-destination", folder], at=folder)
        (folder / packed.split()[-1]).replace(file)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found == package.sha256, f"{file.name}: {found}"
    return file


def laid_out(package: Package) -> Path:
    """The project: its files, committed on `main`, and the environment that a person has."""
    folder = folder_of(package)
    project, ready = folder / "project", folder / "ready"
    wanted = _digest(package)
    if not ready.is_file() or ready.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _extract(archive_of(package), project)
        _install(package, project)
        for command in package.prepare:
            run(["sh", "-c", command], at=project)
        ready.write_text(wanted)
    return project


def folder_of(package: Package) -> Path:
    """Where it is laid out: beside the others, or where no folder has a letter that it avoids."""
    beside = (
        KEPT,
        Path(tempfile.gettempdir(), f"packages-{os.getuid()}"),
        Path("/var/tmp/packages"),
    )
    for folder in beside:
        if set(package.avoids).isdisjoint(str(folder / package.name / "project")):
            return folder / package.name
    sys.exit(f"{package.name} needs a folder without {package.avoids!r} in its name: set TMPDIR")


def new_repository(package: Package, project: Path) -> None:
    """The package's own files in a first commit; what lay there from another run is gone."""
    shutil.rmtree(project / ".git", ignore_errors=True)
    run_git(["init", "-q", "-b", "main"], cwd=project)
    _extract(archive_of(package), project)
    (project / ".gitignore").write_text("\n".join([*IGNORED.split(), ""]))
    run_git(["add", "-A"], cwd=project)
    run_git(["commit", "-qm", f"{package.name} {package.version}"], cwd=project)


def run(command: list[str | Path], *, at: Path) -> str:
    """A command in a project, with the project's own tools first."""
    path = os.pathsep.join([str(at / ".venv" / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=at,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout


def _digest(package: Package) -> str:
    locks = [PINS / tool / "package-lock.json" for tool in package.tools]
    pins = [LOCK] if package.registry == "pypi" else locks
    parts = (package.sha256, *package.tools, "", *package.prepare, *map(Path.read_text, pins))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _extract(archive: Path, project: Path) -> None:
    """Without the folder that holds everything in an archive."""
    project.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as members:
        for member in members:
            member.name = member.name.partition("/")[2]
            if member.name and not member.isdir():
                members.extract(member, project, filter="data")


def _install(package: Package, project: Path) -> None:
    if package.registry == "pypi":
        run([f"{sys.base_prefix}/bin/python3", "-m", "venv", project / ".venv"], at=project)
        wanted = project.with_name("tools.txt")
        wanted.write_text(locked(LOCK.read_text(), package.tools))
        pip = ["python", "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r"]
        run([*pip, wanted], at=project)
        return
    installer = ROOT / "scripts" / "install_runners.py"
    run([sys.executable, installer, *package.tools], at=ROOT)
    for tool in package.tools:
        modules = RUNNERS / tool / "node_modules"
        shutil.copytree(modules, project / "node_modules", symlinks=True, dirs_exist_ok=True)


def locked(lock: str, tools: tuple[str, ...]) -> str:
    """The lines of a lock file that pin these packages, and everything that they need."""
    blocks = {
        block.partition("==")[0]: block for block in re.split(r"^(?=[a-z])", lock, flags=re.M)
    }
    chosen: dict[str, str] = {}
    waiting = list(tools)
    while waiting:
        name = waiting.pop()
        chosen[name] = blocks[name]
        waiting += [
            each
            for each, block in blocks.items()
            if each not in chosen and re.search(rf"#( +via)? +{re.escape(name)}$", block, re.M)
        ]
    return "".join(chosen.values())
