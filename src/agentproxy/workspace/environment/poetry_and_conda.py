"""Asks Poetry or conda where it keeps the environment of a project.

It runs in the sandbox without a network: it reads an untrusted repository and may start an
interpreter from it.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import cast

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.environment.toolchains import INSIDE_HOME
from agentproxy.workspace.sandbox.port import Job, JobLimits, Mount, Sandbox, SandboxError

TOOL_TIMEOUT_SECONDS = 60.0
MAX_TOOL_OUTPUT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    folder: Path | None = None
    env: tuple[tuple[str, str], ...] = ()  # variables with which the tool finds the folder again
    note: str = ""  # for the record, if the tool has no environment


async def ask_tools(
    root: Path,
    directory: str,
    *,
    found: EnvironmentFound,
    environ: Mapping[str, str],
    sandbox: Sandbox,
) -> ToolAnswer:
    """Asks the project's own tool, if no Python environment has been found."""
    if not sandbox.isolates or any(map(is_python, found.folders)):
        return ToolAnswer()
    inquiry = _Inquiry(root=root, found=found, environ=environ, sandbox=sandbox)
    for place in (root / directory, *(root / directory).parents):
        if not place.is_relative_to(root):
            break
        with SafeDir(place) as folder:
            project, conda = _text(folder, "pyproject.toml"), _text(folder, "environment.yml")
            locked = folder.exists("poetry.lock")
        if (locked or "[tool.poetry" in project) and inquiry.has("poetry"):
            return await _poetry(place, inquiry)
        if (name := _conda_name(conda)) and inquiry.has("conda"):
            return await _conda(name, inquiry)
    return ToolAnswer()


def is_python(folder: str | Path) -> bool:
    return Path(folder, "pyvenv.cfg").is_file() or Path(folder, "conda-meta").is_dir()


@dataclass(frozen=True, slots=True)
class _Inquiry:
    root: Path
    found: EnvironmentFound
    environ: Mapping[str, str]
    sandbox: Sandbox

    @property
    def home(self) -> Path:
        return Path(self.environ.get("HOME") or "/nonexistent")

    def has(self, tool: str) -> bool:
        return which(tool, path=self.environ.get("PATH")) is not None

    async def ask(
        self, *argv: str, cwd: Path, env: Mapping[str, str], more: Mapping[str, Path]
    ) -> str:
        """The tool's standard output, or "" if it fails. `more` adds read-only mounts."""
        shown = {**{path: Path(path) for path in self.found.toolchains}, str(self.root): self.root}
        mounts = [Mount(at=at, mode="ro", source=path) for at, path in {**shown, **more}.items()]
        job = Job(
            argv=("/bin/sh", "-c", 'exec "$@" 2>/dev/null', "sh", *argv),
            cwd=str(cwd),
            env={**self.found.env, **env, "PATH": self.found.path},
            mounts=tuple(mounts),
            limits=JobLimits(seconds=TOOL_TIMEOUT_SECONDS),
        )
        try:
            ended = await self.sandbox.run(job)
        except SandboxError:
            return ""
        return ended.output.strip() if ended.exit_code == 0 else ""


def _text(folder: SafeDir, name: str) -> str:
    try:
        return folder.read(name, limit=MAX_TOOL_OUTPUT_BYTES).decode(errors="replace")
    except (OSError, BadPath):
        return ""


async def _poetry(place: Path, inquiry: _Inquiry) -> ToolAnswer:
    kept = _poetry_keeps(inquiry)
    nothing = ToolAnswer(
        note="Poetry has no environment for this project. Create it: poetry install"
    )
    if kept is None:
        return nothing
    # In the sandbox HOME is another folder, so Poetry would look for its default elsewhere.
    env = {"POETRY_VIRTUALENVS_PATH": str(kept)}
    argv = ("poetry", "env", "info", "--path", "--no-ansi")
    said = await inquiry.ask(*argv, cwd=place, env=env, more={str(kept): kept})
    folder = Path(said.rpartition("\n")[2] or "/nonexistent")
    if not folder.is_absolute() or not is_python(folder):
        return nothing
    return ToolAnswer(folder=folder, env=tuple(env.items()))


def _poetry_keeps(inquiry: _Inquiry) -> Path | None:
    # In Poetry's own order: variable, configuration file, default.
    environ, home = inquiry.environ, inquiry.home
    cache = Path(environ.get("POETRY_CACHE_DIR") or home / ".cache/pypoetry")
    folder = Path(environ.get("POETRY_CONFIG_DIR") or home / ".config/pypoetry")
    named: object = environ.get("POETRY_VIRTUALENVS_PATH")
    if not named:
        try:
            table = tomllib.loads((folder / "config.toml").read_text()).get("virtualenvs")
        except (OSError, ValueError):
            table = None
        named = cast("dict[str, object]", table).get("path") if isinstance(table, dict) else None
    kept = Path(named.replace("{cache-dir}", str(cache))) if isinstance(named, str) else None
    kept = kept or cache / "virtualenvs"
    return kept if kept.is_dir() else None


async def _conda(name: str, inquiry: _Inquiry) -> ToolAnswer:
    # conda lists environments outside its own folder only from this file.
    record = inquiry.home / ".conda/environments.txt"
    more = {f"{INSIDE_HOME}/.conda/environments.txt": record} if record.is_file() else {}
    said = await inquiry.ask("conda", "env", "list", "--json", cwd=inquiry.root, env={}, more=more)
    folder = _listed(said, name)
    if folder is None:
        return ToolAnswer(note=f"conda has no environment {name}. Create it: conda env create")
    return ToolAnswer(folder=folder)


def _listed(said: str, name: str) -> Path | None:
    try:
        answer: object = json.loads(said or "{}")
    except ValueError:
        return None
    listed = cast("dict[str, object]", answer).get("envs") if isinstance(answer, dict) else None
    paths = [Path(path) for path in cast("list[object]", listed or []) if isinstance(path, str)]
    return next((path for path in paths if path.name == name and is_python(path)), None)


def _conda_name(text: str) -> str:
    lines = (line.partition(":") for line in text.splitlines())
    return next((value.strip().strip("\"'") for key, _, value in lines if key == "name"), "")
