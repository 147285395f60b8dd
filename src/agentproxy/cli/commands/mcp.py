"""`pa mcp`."""

import asyncio
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from agentproxy.cli.options import output_option, refuse_long
from agentproxy.cli.strict_command import StrictCommand

if TYPE_CHECKING:  # loaded when the command runs
    from agentproxy.app.mcp.approving import ProbedServer
    from agentproxy.tools.mcp.offered import OfferedTool

MAX_NAME_BYTES = 64


@click.command("mcp", cls=StrictCommand)
@click.argument("action", type=click.Choice(["list", "approve", "revoke"]), default="list")
@click.argument("name", default="")
@click.option("--yes", is_flag=True, help="Approve without a question.")
@output_option
def command(action: str, name: str, *, yes: bool, output: str | None) -> int:
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
    from agentproxy.cli.failure import Failure

    refuse_long("NAME", name, limit=MAX_NAME_BYTES)
    if action != "list" and not name:
        raise Failure("which server?", cure=f"pa mcp list names them; pa mcp {action} NAME")
    if action == "list" and name:
        raise Failure(f"list takes no name: {name}", cure="pa mcp list names all")
    as_json = output == "json"
    if action == "approve":
        return _approve(name, yes=yes, as_json=as_json)
    return _revoke(name, as_json=as_json) if action == "revoke" else _list(as_json=as_json)


def _list(*, as_json: bool) -> int:
    from agentproxy.app.mcp.approving import list_servers
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    with as_failures():
        servers = asyncio.run(list_servers(os.environ, current_folder()))
    for each in servers:
        state = "approved" if each.approved else "waits for approval"
        line = clean(f"{each.name}: {each.problem or state}  {each.written}".rstrip())
        click.echo(json.dumps(asdict(each)) if as_json else line)
    if not servers:
        click.echo("no MCP servers: docs/server.md shows mcp_servers.json", err=True)
    return 0


def _revoke(name: str, *, as_json: bool) -> int:
    from agentproxy.app.mcp.approving import revoke
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    with as_failures():
        was = asyncio.run(revoke(os.environ, current_folder(), name))
    text = "no longer approved" if was else "was not approved"
    click.echo(json.dumps({"name": name, "status": text}) if as_json else text)
    return 0


def _approve(name: str, *, yes: bool, as_json: bool) -> int:
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
        # With JSON, what a person reads goes to standard error.
        click.echo(f"{server.name}: {clean(_lines(server.written))}", err=as_json)
        _agree("start it, to see its tools?", yes=yes)
        try:
            shown = asyncio.run(look_at(os.environ, folder, name))
        except McpError as error:
            raise Failure(f"{name}: {error}", code=INFRASTRUCTURE) from error
        for tool in shown.tools:
            click.echo(clean(_tool(tool)), err=as_json)
        _keep(shown, yes=yes, as_json=as_json)
    return 0


def _keep(shown: "ProbedServer", *, yes: bool, as_json: bool) -> None:
    status, text = "already approved", "exactly this is approved already"
    if not shown.is_approved:
        _agree(f"let the agents of this project call these {len(shown.tools)} tools?", yes=yes)
        shown.approve()
        status = text = "approved"
    tools = [tool.name for tool in shown.tools]
    line = {"name": shown.server.name, "status": status, "digest": shown.digest, "tools": tools}
    click.echo(json.dumps(line) if as_json else f"{text} ({shown.digest[:12]})")


def _agree(question: str, *, yes: bool) -> None:
    from agentproxy.cli.failure import Failure

    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure("nobody is at the terminal to approve it", cure="say --yes")
    if not click.confirm(question, err=True):
        raise Failure("not approved")


def _tool(tool: "OfferedTool") -> str:
    words = tool.description.strip().replace("\n", "\n    ")
    return f"\n{tool.name}\n    {words}\n    {json.dumps(tool.schema, sort_keys=True)}"


def _lines(written: str) -> str:
    return json.dumps(json.loads(written), indent=2)
