"""Gives Claude Code the MCP servers that the user configured."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agentproxy.workers.port import Brief
from agentproxy.workers.program import INSIDE, Program
from agentproxy.workspace.sandbox.port import Mount

_INSIDE: Final = f"{INSIDE}/servers.json"


@dataclass(frozen=True, slots=True)
class ClaudeMcpServer:
    """A program that runs beside Claude Code in the sandbox, or an address."""

    program: Program | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ShownServers:
    """The file that names the servers, and the mounts of it and of their programs."""

    file: str = ""
    mounts: Sequence[Mount] = ()


def show_servers(servers: Mapping[str, ClaudeMcpServer], brief: Brief) -> ShownServers:
    """Writes the file for a start. Blocking.

    Raises WorkerError: a command names a folder that holds more than a program.
    """
    if not servers:
        return ShownServers()
    named: dict[str, Mapping[str, object]] = {}
    mounts: list[Mount] = []
    for name, server in servers.items():
        named[name], shown = _shown(server, brief)
        mounts += shown
    # A file, because other users of the machine see the words of a command line.
    file = brief.home.parent / "servers.json"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({"mcpServers": named}))
    if not brief.place.mounts:
        return ShownServers(str(file))
    return ShownServers(_INSIDE, [*mounts, Mount(at=_INSIDE, mode="ro", source=file, is_ours=True)])


def _shown(server: ClaudeMcpServer, brief: Brief) -> tuple[Mapping[str, object], Sequence[Mount]]:
    if server.program is None:
        return {"type": "http", "url": server.url, "headers": dict(server.headers)}, ()
    if brief.place.mounts:
        shown = server.program.inside(Path(brief.place.root), tree=brief.place.tree)
    else:
        shown = server.program.plainly()
    command, *arguments = shown.argv
    return {"command": command, "args": arguments, "env": dict(server.env)}, shown.mounts
