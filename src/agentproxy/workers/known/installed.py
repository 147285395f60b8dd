"""Finds an agent's program on this machine, its version, and the folders that it needs."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import cast

from agentproxy.files.pathnames import BadPath
from agentproxy.files.reading import read_own
from agentproxy.workers.known.table import KnownAgent
from agentproxy.workspace.environment.toolchains import Toolchains, is_of_system
from agentproxy.workspace.sandbox.port import Job, JobLimits, Mount, Sandbox, SandboxError

MAX_PACKAGE_BYTES = 1024 * 1024
VERSION_SECONDS = 10.0
FIRST_LINE = re.compile(rb"#!\s*/usr/bin/env\s+(?:-S\s+)?([A-Za-z0-9._+-]+)")
VERSION = re.compile(r"\d+(?:\.\d+)+[A-Za-z0-9.+-]*")
NOWHERE = Path("/nonexistent/repository")


@dataclass(frozen=True, slots=True)
class Installation:
    """A program on PATH, and the folders outside the system's own that it needs."""

    program: Path
    paths: tuple[str, ...]


def find_installation(agent: KnownAgent, environ: Mapping[str, str]) -> Installation | None:
    """Returns where an agent is installed, or None. Blocking."""
    path = environ.get("PATH")
    located = which(agent.program, path=path)
    if located is None:
        return None
    program = Path(located).absolute()
    home = Path(environ.get("HOME") or "/nonexistent")
    found = Toolchains(home=home, root=NOWHERE)
    found.show_program(program)
    for place in _places(program):
        if (place / "pyvenv.cfg").is_file():
            found.show_base(place)
    interpreter = which(name, path=path) if (name := _interpreter(program)) else None
    if interpreter is not None:
        found.show_program(Path(interpreter))
    paths = sorted(str(folder) for folder in found.folders if not is_of_system(folder))
    return Installation(program, tuple(paths))


def packaged_version(agent: KnownAgent, program: Path) -> str:
    """Returns the version that the program's package says, or "". Blocking."""
    real = program.resolve()
    for folder in list(real.parents)[:6]:
        if agent.registry == "npm" and (found := _of_npm(folder, agent.package_name)):
            return found
    return _of_python(real, agent.package_name) if agent.registry == "pypi" else ""


async def asked_version(
    agent: KnownAgent, at: Installation, *, sandbox: Sandbox, environ: Mapping[str, str]
) -> str:
    """Returns the version that the program prints in the sandbox, or ""."""
    shown = [*map(Path, at.paths), at.program]
    job = Job(
        argv=(str(at.program), *agent.version.split()),
        cwd="/tmp",
        env={"PATH": environ.get("PATH", "")},
        mounts=tuple(Mount(at=str(path), mode="ro", source=path) for path in shown),
        limits=JobLimits(seconds=VERSION_SECONDS, kept_output=4096),
    )
    try:
        ended = await sandbox.run(job)
    except SandboxError:
        return ""
    found = VERSION.search(ended.output) if ended.exit_code == 0 else None
    return found[0] if found else ""


def _places(program: Path) -> Iterator[Path]:
    # A program of a virtual environment is PLACE/bin/NAME, or a link to that.
    yield program.parent.parent
    yield program.resolve().parent.parent


def _interpreter(program: Path) -> str:
    try:
        with program.open("rb") as file:
            found = FIRST_LINE.match(file.read(200))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def _of_npm(folder: Path, name: str) -> str:
    try:
        text = read_own(folder / "package.json", limit=MAX_PACKAGE_BYTES, follow=True)
        package: object = json.loads(text)
    except (OSError, BadPath, ValueError, RecursionError):
        return ""
    if not isinstance(package, dict):
        return ""
    told = cast("dict[str, object]", package)
    version = told.get("version")
    return version if told.get("name") == name and isinstance(version, str) else ""


def _of_python(program: Path, name: str) -> str:
    stem = re.sub(r"[-_.]+", "_", name).lower()
    folders = program.parent.parent.glob("lib/python3*/*-packages")
    found = (info for folder in folders for info in folder.glob(f"{stem}-*.dist-info"))
    return next((info.name.removesuffix(".dist-info").rpartition("-")[2] for info in found), "")
