"""Starts MCP servers that speak over pipes: in the sandbox, with what their entry grants."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.context import Project
from agentproxy.tools.mcp.configuration import McpServer, StdioServer
from agentproxy.tools.mcp.offered import digest_of_text
from agentproxy.tools.mcp.port import McpError
from agentproxy.workers.port import WorkerError
from agentproxy.workers.program import Program
from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment
from agentproxy.workspace.environment.job_layout import JobLayout, place_plainly, place_tree
from agentproxy.workspace.sandbox.port import (
    IDENTITY,
    Access,
    Job,
    JobLimits,
    Mount,
    Process,
    Sandbox,
)

YEAR = 365 * 24 * 3600.0  # seconds: a server runs as long as we do
PRINTED = 1 << 40  # bytes: its whole traffic
KEPT_OUTPUT = 8192


@dataclass(frozen=True, slots=True)
class McpProcesses:
    """Starts the servers of one project."""

    project: Project
    sandbox: Sandbox
    file: Path  # that configures them

    @asynccontextmanager
    async def open(self, server: McpServer, entry: StdioServer) -> AsyncGenerator[Process]:
        """Raises McpError, SandboxError."""
        sandbox = self.sandbox if entry.isolated else await self.project.app.sandbox("plain")
        job = await asyncio.to_thread(self._job, server, entry, sandbox)
        async with sandbox.open(job) as process:
            yield process

    def _job(self, server: McpServer, entry: StdioServer, sandbox: Sandbox) -> Job:
        mine = digest_of_text(str(self.file))[:16]
        folder = self.project.app.settings.home / "mcp" / mine / server.name
        work, home = folder / "work", folder / "home"
        for each in (work, home):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (home / ".gitconfig").exists():
            (home / ".gitconfig").write_text(IDENTITY)
        environ = self.project.app.environ
        started_in = self.project.directory
        program = Program((entry.command, *entry.args), started_in=started_in, environ=environ)
        if program.located() is None:
            raise McpError(f"its program {entry.command!r} is not there, or not executable")
        try:
            shown = program.inside(work, tree=work) if sandbox.isolates else program.plainly()
        except WorkerError as error:
            raise McpError(f"{error}; grant single files or folders with paths") from None
        hosts = entry.hosts
        return self._place(work, entry, sandbox).job(
            shown.argv,
            env=entry.env,
            home=home,
            access=Access(mode="hosts" if hosts else "none", hosts=hosts),
            limits=JobLimits(seconds=YEAR, printed=PRINTED, kept_output=KEPT_OUTPUT),
            mounts=(*shown.mounts, *_granted(entry)) if sandbox.isolates else (),
        )

    def _place(self, work: Path, entry: StdioServer, sandbox: Sandbox) -> JobLayout:
        environ = self.project.app.environ
        wanted = WantedEnvironment(commands=(entry.command, "python3", "node"))
        found = find_environment(work, ".", environ=environ, wanted=wanted)
        if not sandbox.isolates:
            return place_plainly(work, directory=".", environment=found)
        own = Mount(at=str(work), mode="rw", source=work)
        return place_tree([own], root=work, directory=".", environment=found)


def _granted(entry: StdioServer) -> list[Mount]:
    shown = [(path, "ro") for path in entry.paths] + [(path, "rw") for path in entry.writable]
    mounts: list[Mount] = []
    for path, mode in shown:
        source = Path(path).expanduser()
        if not source.is_absolute() or not source.exists():
            raise McpError(f"{path}: a granted path must be absolute, and exist")
        mounts.append(Mount(at=str(source), mode="rw" if mode == "rw" else "ro", source=source))
    return mounts
