"""Examines the machine: what a run needs, what is there, and the cure for each gap."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy import __version__
from agentproxy.app.catalogue import look_at_endpoints
from agentproxy.app.context import House
from agentproxy.app.models import has_libraries
from agentproxy.app.trusting import ENV, UNLINK
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable, open_repository
from agentproxy.workspace.sandbox.detect import choose_sandbox, survey
from agentproxy.workspace.sandbox.port import SandboxError

LEAST_FREE = 1 << 30
AGENTS = ("claude", "codex", "gemini", "opencode", "qwen", "copilot", "mini")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `needed`: without it no run starts."""

    what: str
    works: bool
    detail: str
    cure: str = ""
    needed: bool = False


async def examine(house: House) -> Sequence[Finding]:
    """Everything, most needed first."""
    findings = [
        Finding("agentproxy", works=True, detail=f"{__version__}, Python {sys.version.split()[0]}"),
        Finding("home", works=True, detail=str(house.settings.home)),
        await _repository(house.directory),
        await _sandbox(),
    ]
    for what, works, detail in await survey():
        findings.append(Finding(f"sandbox {what}", works=works, detail=detail))
    findings.append(_room(house.settings.home))
    if os.geteuid() == 0:
        detail = "running as root works; inside the sandbox it is an ordinary user"
        findings.append(Finding("user", works=True, detail=detail))
    if house.settings.ignored:
        findings.append(_left_out(house))
    findings += _agents(house)
    findings += await _models(house)
    return findings


def _left_out(house: House) -> Finding:
    detail = f"{', '.join(house.settings.ignored)}: not trusted, so they do not count"
    cure = UNLINK if (house.directory / ENV).is_symlink() else "pa trust"
    return Finding(ENV, works=False, detail=detail, cure=cure)


async def _repository(directory: Path) -> Finding:
    try:
        repository = await open_repository(directory)
    except RepositoryUnusable as error:
        return Finding("repository", works=False, detail=str(error), cure=error.cure)
    except GitError as error:
        return Finding("git", works=False, detail=str(error), needed=True)
    return Finding("repository", works=True, detail=f"{repository.root} at {repository.head[:12]}")


async def _sandbox() -> Finding:
    try:
        sandbox = await choose_sandbox("auto")
    except SandboxError as error:
        return Finding("sandbox", works=False, detail=str(error), cure=error.cure, needed=True)
    return Finding("sandbox", works=True, detail=sandbox.level, needed=True)


def _room(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    detail = f"{free >> 30} GiB free"
    cure = "" if free > LEAST_FREE else "make room: clones and evidence need some"
    return Finding("disk", works=free > LEAST_FREE, detail=detail, cure=cure)


async def _models(house: House) -> list[Finding]:
    """The libraries, the keys by their variables, and whether anybody answers at the addresses."""
    if not has_libraries():
        cure = "for models: pip install 'agentproxy[models]'"
        return [Finding("models", works=False, detail="their libraries are missing", cure=cure)]
    endpoints = await look_at_endpoints(house)
    if not endpoints:
        cure = "set ANTHROPIC_API_KEY, or OLLAMA_BASE_URL for your own; pa models shows all"
        return [Finding("models", works=False, detail="no vendor's key is set", cure=cure)]
    return [
        Finding(
            f"model endpoint {each.vendor}", works=each.works, detail=each.detail, cure=each.cure
        )
        for each in endpoints
    ]


def _agents(house: House) -> list[Finding]:
    path = house.environ.get("PATH")
    found = [name for name in AGENTS if shutil.which(name, path=path)]
    cure = "" if found else "any program works: --worker 'command:PROGRAM ARGUMENTS'"
    programs = Finding(
        "agents on PATH", works=bool(found), detail=", ".join(found) or "none", cure=cure
    )
    named = ", ".join(sorted(house.user.workers)) or "none"
    return [programs, Finding("configured workers", works=bool(house.user.workers), detail=named)]
