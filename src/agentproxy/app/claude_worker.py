"""Finds Claude Code and its SDK on this machine, and builds the worker of them."""

import shlex
import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agentproxy.config.tables import ServerTable, WorkerTable
from agentproxy.models.names import default_model
from agentproxy.workers.claude.command_line import TOOLS, ClaudeChoices
from agentproxy.workers.claude.servers import ClaudeMcpServer
from agentproxy.workers.claude.worker import ClaudeWorker
from agentproxy.workers.launcher import Launcher, WorkerGrants
from agentproxy.workers.port import WorkerError
from agentproxy.workers.program import Program
from agentproxy.workspace.sandbox.port import Sandbox

NAME: Final = "claude"
SDK: Final = "claude_agent_sdk"
EXTRA: Final = "pip install 'agentproxy[claude]'"
LOGIN: Final = ".claude/.credentials.json"
NO_KEY: Final = "set ANTHROPIC_API_KEY, or grant it your login (docs/agents.md)"
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
INSTALL: Final = "npm install -g @anthropic-ai/claude-code"


def find_program(environ: Mapping[str, str], table: WorkerTable | None = None) -> Path | None:
    """Returns the program that is configured, the one on PATH, or the SDK's own."""
    if table is not None and table.program is not None:
        return Path(table.program).expanduser()
    if found := shutil.which(NAME, path=environ.get("PATH")):
        return Path(found)
    spec = find_spec(SDK)
    bundled = Path(spec.origin).parent / "_bundled" / NAME if spec and spec.origin else None
    return bundled if bundled and bundled.is_file() else None


def claude_thinks(model: str, environ: Mapping[str, str], keys: Mapping[str, str]) -> bool:
    """Whether it is installed, and has a key for this model; "" means its usual one."""
    own = model.startswith("claude-") if model else True
    key = bool(usual_model(keys)) and own
    return key and has_sdk() and find_program(environ) is not None


def has_sdk() -> bool:
    return find_spec(SDK) is not None


def usual_model(environ: Mapping[str, str]) -> str:
    """Returns the documented model of the vendor, or "" without a key."""
    key = {"ANTHROPIC_API_KEY": environ.get("ANTHROPIC_API_KEY", "")}
    return default_model(key)


def build_claude(
    table: WorkerTable,
    grants: WorkerGrants,
    *,
    started_in: Path,
    environ: Mapping[str, str],
    sandbox: Sandbox,
) -> ClaudeWorker:
    """Raises WorkerError: something is not installed, or its model is of another vendor."""
    if not has_sdk():
        raise WorkerError("Claude Code's SDK is not installed", cure=EXTRA)
    found = find_program(environ, table)
    if found is None:
        raise WorkerError("Claude Code is not installed", cure=INSTALL)
    target = grants.model
    if target is None and LOGIN not in grants.home:
        raise WorkerError("Claude Code has no model", cure=NO_KEY)
    if target is not None and target.family != "anthropic":
        raise WorkerError(
            f"Claude Code cannot use {target.name}: it speaks with models of Anthropic's wire",
            cure="name one with --model, such as claude-sonnet-4-6, or take --worker builtin",
        )
    program = Program.parse(shlex.quote(str(found)), started_in=started_in, environ=environ)
    choices = ClaudeChoices(
        model=table.model or "",
        mode=table.mode or "default",
        tools=TOOLS if table.tools is None else table.tools,
        directories=tuple(str(Path(each).expanduser()) for each in table.directories),
    )
    for name, each in table.servers.items() if sandbox.isolates else ():
        refuse_out_of_reach(name, each.url, hosts=grants.hosts)
    servers = {
        name: _server(each, started_in=started_in, environ=environ)
        for name, each in table.servers.items()
    }
    launcher = Launcher(program, sandbox=sandbox, grants=grants)
    return ClaudeWorker(launcher, choices=choices, servers=servers)


def refuse_out_of_reach(name: str, url: str | None, *, hosts: Sequence[str]) -> None:
    """Raises WorkerError: the sandbox would refuse the address of this MCP server.

    Claude Code would work on without its tools, and say nothing.
    """
    if url is None:
        return
    try:
        parts = urlsplit(url)
        wanted = f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"
    except (KeyError, ValueError):
        parts, wanted = urlsplit(""), ""
    if not parts.hostname:
        raise WorkerError(
            f"the url of the MCP server {name} is no address",
            cure=f"begin it with https:// or http:// in [worker.claude.servers.{name}]",
        )
    if ":" in parts.hostname:
        wanted = f"[{parts.hostname}]{wanted.removeprefix(parts.hostname)}"
    if not any(_covers(each.lower(), wanted) for each in hosts):
        raise WorkerError(
            f"the MCP server {name} is at {wanted}, which the sandbox would refuse",
            cure=f'grant it in [worker.claude]: hosts = ["{wanted}"]',
        )


def _covers(granted: str, wanted: str) -> bool:
    return granted == wanted or (granted.startswith("*.") and wanted.endswith(granted[1:]))


def _server(table: ServerTable, *, started_in: Path, environ: Mapping[str, str]) -> ClaudeMcpServer:
    if table.command is None:
        return ClaudeMcpServer(url=table.url or "", headers=table.headers)
    program = Program.parse(table.command, started_in=started_in, environ=environ)
    return ClaudeMcpServer(program, env=table.env)
