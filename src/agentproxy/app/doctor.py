"""Examines what a run needs on this machine, with a cure for each gap."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agentproxy import __version__
from agentproxy.app.catalogue import look_at_endpoints
from agentproxy.app.claude_worker import (
    EXTRA,
    INSTALL,
    LOGIN,
    NO_KEY,
    find_program,
    has_sdk,
    usual_model,
)
from agentproxy.app.claude_worker import (
    NAME as CLAUDE,
)
from agentproxy.app.context import Project
from agentproxy.app.following import EXTRA as TELEMETRY
from agentproxy.app.following import fault_in, has_packages
from agentproxy.app.models import has_libraries, variables
from agentproxy.app.readiness import DoctorFinding
from agentproxy.app.trusting import ENV, UNLINK
from agentproxy.evidence.other_date import find_clock_library
from agentproxy.text.addresses import without_user
from agentproxy.workers.known.table import known_agents
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.detect import survey
from agentproxy.workspace.sandbox.port import SandboxError

LEAST_FREE = 1 << 30


async def examine(project: Project) -> Sequence[DoctorFinding]:
    findings = [
        DoctorFinding(
            "agentproxy", works=True, detail=f"{__version__}, Python {sys.version.split()[0]}"
        ),
        DoctorFinding("home", works=True, detail=str(project.app.settings.home)),
        await _repository(project),
        await _sandbox(project),
    ]
    for what, works, detail in await survey():
        findings.append(DoctorFinding(f"sandbox {what}", works=works, detail=detail))
    findings.append(_clock())
    findings.append(_room(project.app.settings.home))
    if os.geteuid() == 0:
        detail = "root; commands in the sandbox run as an ordinary user"
        findings.append(DoctorFinding("user", works=True, detail=detail))
    if project.settings.ignored:
        findings.append(_left_out(project))
    if project.settings.telemetry.enabled:
        findings.append(_telemetry(project.settings.telemetry.variables))
    findings += _agents(project)
    findings += await _models(project)
    return findings


def _left_out(project: Project) -> DoctorFinding:
    detail = f"ignored, because not trusted: {', '.join(project.settings.ignored)}"
    cure = UNLINK if (project.directory / ENV).is_symlink() else "pa trust"
    return DoctorFinding(ENV, works=False, detail=detail, cure=cure)


async def _repository(project: Project) -> DoctorFinding:
    try:
        repository = await project.app.repository(project.directory)
    except RepositoryUnusable as error:
        return DoctorFinding("repository", works=False, detail=str(error), cure=error.cure)
    except GitError as error:
        return DoctorFinding("git", works=False, detail=str(error), needed=True)
    return DoctorFinding(
        "repository", works=True, detail=f"{repository.root} at {repository.head[:12]}"
    )


async def _sandbox(project: Project) -> DoctorFinding:
    try:
        sandbox = await project.app.sandbox("auto")
    except SandboxError as error:
        return DoctorFinding(
            "sandbox", works=False, detail=str(error), cure=error.cure, needed=True
        )
    return DoctorFinding("sandbox", works=True, detail=sandbox.level, needed=True)


def _telemetry(chosen: Mapping[str, str]) -> DoctorFinding:
    if not has_packages():
        detail = "its packages are not installed"
        return DoctorFinding("telemetry", works=False, detail=detail, cure=TELEMETRY)
    if fault := fault_in(chosen):
        detail, _, cure = fault.rpartition(": ")
        return DoctorFinding("telemetry", works=False, detail=detail, cure=cure)
    protocol = chosen.get("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    usual = "http://localhost:4317" if protocol == "grpc" else "http://localhost:4318"
    address = without_user(chosen.get("OTEL_EXPORTER_OTLP_ENDPOINT", usual))
    return DoctorFinding("telemetry", works=True, detail=f"{protocol} to {address}")


def _clock() -> DoctorFinding:
    library = find_clock_library()
    detail = library or "not installed: no proof is tried at another date"
    cure = "" if library else "apt-get install faketime, or your system's package of libfaketime"
    return DoctorFinding("libfaketime", works=bool(library), detail=detail, cure=cure)


def _room(home: Path) -> DoctorFinding:
    free = shutil.disk_usage(home).free
    detail = f"{free >> 30} GiB free"
    cure = "" if free > LEAST_FREE else "free at least 1 GiB for clones and evidence"
    return DoctorFinding("disk", works=free > LEAST_FREE, detail=detail, cure=cure)


async def _models(project: Project) -> list[DoctorFinding]:
    if not has_libraries():
        cure = "pip install 'agentproxy[models]'"
        detail = "the vendors' libraries are not installed"
        return [DoctorFinding("models", works=False, detail=detail, cure=cure)]
    endpoints = await look_at_endpoints(project)
    if not endpoints:
        cure = "set ANTHROPIC_API_KEY, or OLLAMA_BASE_URL for a local model; pa models lists all"
        return [DoctorFinding("models", works=False, detail="no vendor's key is set", cure=cure)]
    return [
        DoctorFinding(
            f"model endpoint {each.vendor}", works=each.works, detail=each.detail, cure=each.cure
        )
        for each in endpoints
    ]


def _claude(project: Project) -> DoctorFinding:
    table = project.app.user.workers.get(CLAUDE)
    environ = project.app.environ
    found = find_program(environ, table)
    detail, cure = ("", "")
    if not has_sdk():
        detail, cure = "its SDK is not installed", EXTRA
    elif found is None:
        detail, cure = "the program is not installed", INSTALL
    elif not found.is_file():
        detail, cure = f"{found} does not exist", "mend program in [worker.claude]"
    elif not usual_model(variables(project)) and not (table and LOGIN in table.home):
        detail, cure = f"{found}, without a key", NO_KEY
    return DoctorFinding("worker claude", works=not cure, detail=detail or str(found), cure=cure)


def _agents(project: Project) -> list[DoctorFinding]:
    path = project.app.environ.get("PATH")
    programs = dict.fromkeys(agent.program for agent in known_agents().values())
    found = [name for name in programs if shutil.which(name, path=path)]
    cure = "" if found else "pa agents names some; any program works: --worker 'command:PROGRAM'"
    on_path = DoctorFinding(
        "agents on PATH", works=bool(found), detail=", ".join(found) or "none", cure=cure
    )
    named = ", ".join(sorted(project.app.user.workers)) or "none"
    return [
        on_path,
        _claude(project),
        DoctorFinding("configured workers", works=bool(project.app.user.workers), detail=named),
    ]
