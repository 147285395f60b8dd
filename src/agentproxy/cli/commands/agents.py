"""`pa agents`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from agentproxy.cli.options import output_option, refuse_long
from agentproxy.cli.strict_command import StrictCommand

if TYPE_CHECKING:  # loaded when the command runs
    from collections.abc import Awaitable, Callable, Sequence

    from agentproxy.app.agents import AgentRow
    from agentproxy.app.context import App

MAX_NAME_BYTES = 64
Looked = TypeVar("Looked")


@click.command("agents", cls=StrictCommand)
@click.argument("action", type=click.Choice(["list", "show", "add"]), default="list")
@click.argument("name", default="")
@output_option
def command(action: str, name: str, output: str | None) -> int:
    """List the known coding agents on this machine, with version and what each one can do.

    show prints the [worker.NAME] that lets an agent work, ready to paste. add writes it at the end
    of your own configuration, and changes nothing else there.

    \b
    Examples:
      pa agents
      pa agents show codex
      pa agents add codex
      pa --worker codex "Fix the date parser"
    """
    from agentproxy.cli.failure import Failure

    refuse_long("NAME", name, limit=MAX_NAME_BYTES)
    if action == "list":
        if name:
            raise Failure(f"list takes no name: {name}", cure=f"pa agents show {name}")
        return _list(as_json=output == "json")
    if not name:
        raise Failure("which agent?", cure=f"pa agents lists them; pa agents {action} NAME")
    return (_show if action == "show" else _add)(name, as_json=output == "json")


def _list(*, as_json: bool) -> int:
    from agentproxy.app.agents import list_agents
    from agentproxy.cli.run_lookup import with_app

    rows = with_app(list_agents)
    if as_json:
        for row in rows:
            click.echo(json.dumps(asdict(row)))
        return 0
    _print(rows)
    return 0


def _print(rows: "Sequence[AgentRow]") -> None:
    from agentproxy.cli.cleaning import clean

    here = [row for row in rows if row.installed]
    width = max((len(row.name) for row in rows), default=0)
    for row in here:
        line = f"✓ {row.name:{width}}  {row.version or '?':10}  {', '.join(row.can)}"
        state = "configured" if row.configured else f"pa agents add {row.name}"
        click.echo(f"{click.style(clean(line), fg='green')}  ({state})")
    for row in rows:
        if not row.installed:
            click.echo(f"· {row.name:{width}}  not installed: {row.install}")


def _show(name: str, *, as_json: bool) -> int:
    import asyncio

    from agentproxy.app.agents import AgentTable, agent_table
    from agentproxy.cli.cleaning import clean

    async def look(app: "App") -> AgentTable:
        return await asyncio.to_thread(agent_table, app, name)

    found = _looked(look)
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return 0
    if not found.installed:
        click.echo(f"{name} is not installed: {found.install}", err=True)
    for note in found.notes:
        click.echo(f"# {note}")
    click.echo(clean(found.table), nl=False)
    return 0


def _add(name: str, *, as_json: bool) -> int:
    import asyncio
    from pathlib import Path

    from agentproxy.app.agents import AgentTable, add_agent
    from agentproxy.cli.cleaning import clean

    async def write(app: "App") -> tuple[AgentTable, Path]:
        return await asyncio.to_thread(add_agent, app, name)

    found, file = _looked(write)
    if as_json:
        click.echo(json.dumps({**asdict(found), "file": str(file)}))
        return 0
    click.echo(click.style(f"wrote [worker.{name}] to {clean(str(file))}", fg="green"))
    click.echo(f'next: pa --worker {name} "TASK"')
    return 0


def _looked(look: "Callable[[App], Awaitable[Looked]]") -> Looked:
    from agentproxy.app.agents import AgentRefused
    from agentproxy.cli.failure import Failure
    from agentproxy.cli.run_lookup import with_app

    try:
        return with_app(look)
    except AgentRefused as error:
        raise Failure(str(error), cure=error.cure) from error
