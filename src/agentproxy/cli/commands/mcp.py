"""`pa mcp`."""

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

import click

from agentproxy.cli.options import refuse_long

if TYPE_CHECKING:  # loaded when the command runs
    from agentproxy.app.mcp.approving import ProbedServer
    from agentproxy.tools.mcp.offered import OfferedTool

MAX_NAME_BYTES = 64


@click.command("mcp")
@click.argument("action", type=click.Choice(["list", "approve", "revoke"]), default="list")
@click.argument("name", default="")
@click.option("--yes", is_flag=True, help="Approve without a question.")
def command(action: str, name: str, *, yes: bool) -> int:
    """List the MCP servers of mcp_servers.json, approve one with its tools, or withdraw that.

    A server is neither started nor contacted before a person has approved it. approve starts it,
    shows its entry and its tools, and asks. A changed entry or a changed tool has to be approved
    again.

    \b
    Examples:
      pa mcp list
      pa mcp approve files
      pa mcp revoke files
    """
    from agentproxy.app.mcp.approving import list_servers, revoke
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.failure import Failure
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    refuse_long("NAME", name, limit=MAX_NAME_BYTES)
    if action != "list" and not name:
        raise Failure("which server?", cure=f"pa mcp list names them; pa mcp {action} NAME")
    if action == "approve":
        return _approve(name, yes=yes)
    with as_failures():
        if action == "revoke":
            was = asyncio.run(revoke(os.environ, current_folder(), name))
            click.echo("no longer approved" if was else "was not approved")
            return 0
        servers = asyncio.run(list_servers(os.environ, current_folder()))
        if not servers:
            click.echo("no MCP servers: docs/server.md shows mcp_servers.json", err=True)
        for each in servers:
            state = "approved" if each.approved else "waits for approval"
            click.echo(clean(f"{each.name}: {each.problem or state}  {each.written}".rstrip()))
    return 0


def _approve(name: str, *, yes: bool) -> int:
    from agentproxy.app.mcp.approving import find_server, look_at
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.failure import INFRASTRUCTURE, Failure
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder
    from agentproxy.tools.mcp.configuration import SkippedServer
    from agentproxy.tools.mcp.port import McpError

    folder = current_folder()
    with as_failures():
        server = asyncio.run(find_server(os.environ, folder, name))
        if isinstance(server, SkippedServer):
            raise Failure(f"{server.name}: {server.reason}")
        click.echo(f"{server.name}: {clean(_lines(server.written))}")
        _agree("start it, to see its tools?", yes=yes)
        try:
            shown = asyncio.run(look_at(os.environ, folder, name))
        except McpError as error:
            raise Failure(f"{name}: {error}", code=INFRASTRUCTURE) from error
        for tool in shown.tools:
            click.echo(clean(_tool(tool)))
        if shown.is_approved:
            click.echo(f"exactly this is approved already ({shown.digest[:12]})")
            return 0
        _keep(shown, yes=yes)
    return 0


def _keep(shown: "ProbedServer", *, yes: bool) -> None:
    _agree(f"let the agents of this project call these {len(shown.tools)} tools?", yes=yes)
    shown.approve()
    click.echo(f"approved ({shown.digest[:12]})")


def _agree(question: str, *, yes: bool) -> None:
    from agentproxy.cli.failure import Failure

    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure("nobody is at the terminal to approve it", cure="say --yes")
    if not click.confirm(question):
        raise Failure("not approved")


def _tool(tool: "OfferedTool") -> str:
    words = tool.description.strip().replace("\n", "\n    ")
    return f"\n{tool.name}\n    {words}\n    {json.dumps(tool.schema, sort_keys=True)}"


def _lines(written: str) -> str:
    return json.dumps(json.loads(written), indent=2)
