"""Shows a person the configured MCP servers and their tools, and keeps what the person approves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.context import Project, open_app
from agentproxy.app.mcp.approvals import McpApprovals
from agentproxy.app.mcp.processes import McpProcesses
from agentproxy.app.mcp.servers import configured_servers, connector, library_missing
from agentproxy.tools.mcp.configuration import McpServer, SkippedServer
from agentproxy.tools.mcp.offered import OfferedTool, digest_of_tools
from agentproxy.tools.mcp.port import McpError
from agentproxy.workspace.sandbox.port import SandboxError


@dataclass(frozen=True, slots=True)
class ListedServer:
    """A configured server, and whether it may be started."""

    name: str
    approved: bool
    written: str  # its entry, as it stands in the file
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ProbedServer:
    """A server that was started to be looked at."""

    server: McpServer
    tools: Sequence[OfferedTool]
    digest: str
    approvals: McpApprovals

    @property
    def is_approved(self) -> bool:
        """Whether exactly these tools are approved already."""
        approved = self.approvals.may_start(self.server)
        return approved and self.approvals.may_offer(self.server, self.digest)

    def approve(self) -> None:
        """Raises ConfigError."""
        self.approvals.approve(self.server, self.digest)


async def list_servers(environ: Mapping[str, str], directory: Path) -> Sequence[ListedServer]:
    """Starts nothing. Raises ConfigError, JournalError."""
    async with open_app(environ, directory, serves=True) as app:
        project = await app.project(directory)
        file, servers, skipped = await asyncio.to_thread(configured_servers, project)
        approvals = McpApprovals(app.settings.home, file)
        listed = [
            ListedServer(each.name, approvals.may_start(each), each.written) for each in servers
        ]
        problems = [ListedServer(each.name, False, "", each.reason) for each in skipped]  # noqa: FBT003
        return [*listed, *problems]


async def find_server(
    environ: Mapping[str, str], directory: Path, name: str
) -> McpServer | SkippedServer:
    """Returns one configured server. Starts nothing. Raises ConfigError, JournalError."""
    async with open_app(environ, directory, serves=True) as app:
        return await _find(await app.project(directory), name)


async def look_at(environ: Mapping[str, str], directory: Path, name: str) -> ProbedServer:
    """Starts a server, and lists its tools. Raises McpError, SandboxError, ConfigError."""
    async with open_app(environ, directory, serves=True) as app:
        project = await app.project(directory)
        server = await _find(project, name)
        if isinstance(server, SkippedServer):
            raise McpError(server.reason)
        if missing := library_missing():
            raise McpError(missing)
        file, _, _ = await asyncio.to_thread(configured_servers, project)
        sandbox = await app.sandbox(project.settings.sandbox)
        connect = connector(server, McpProcesses(project, sandbox, file))
        try:
            async with asyncio.timeout(server.entry.start_timeout), connect() as client:
                tools = await client.list_tools()
        except TimeoutError:
            seconds = server.entry.start_timeout
            raise McpError(f"no answer within {seconds:g} seconds") from None
        except (OSError, SandboxError) as error:
            raise McpError(str(error)) from error
        return ProbedServer(
            server, tools, digest_of_tools(tools), McpApprovals(app.settings.home, file)
        )


async def revoke(environ: Mapping[str, str], directory: Path, name: str) -> bool:
    """Returns whether the server was approved. Raises ConfigError, JournalError."""
    async with open_app(environ, directory, serves=True) as app:
        file, _, _ = configured_servers(await app.project(directory))
        return McpApprovals(app.settings.home, file).revoke(name)


async def _find(project: Project, name: str) -> McpServer | SkippedServer:
    file, servers, skipped = await asyncio.to_thread(configured_servers, project)
    for each in (*servers, *skipped):
        if each.name == name:
            return each
    known = ", ".join(each.name for each in servers) or "none"
    return SkippedServer(name, f"{file} has no such server; it has: {known}")
