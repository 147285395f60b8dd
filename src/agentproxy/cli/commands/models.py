"""`pa models`."""

import json
from dataclasses import asdict

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand


@click.command("models", cls=StrictCommand)
@output_option
def command(output: str | None) -> int:
    """List the models, their prices in US dollars per million tokens, and what each one needs.

    \b
    Examples:
      pa models
      pa models --output json
      pa --worker builtin --model ollama/llama3 "Fix the date parser"
    """
    import asyncio

    from agentproxy.app.catalogue import ModelRow, list_models
    from agentproxy.app.context import Project
    from agentproxy.cli.run_lookup import with_project

    async def look(project: Project) -> list[ModelRow]:
        return await asyncio.to_thread(list_models, project)

    rows = with_project(look)
    if output == "json":
        for row in rows:
            click.echo(json.dumps(asdict(row)))
        return 0
    width = max(len(row.model) for row in rows)
    click.echo(f"  {'model':{width}}  $ in/M  $ out/M")
    for row in rows:
        mark, colour = ("✓", "green") if row.ready else ("·", "yellow")
        prices = f"{_money(row.usd_in):>6}  {_money(row.usd_out):>7}"
        about = row.where if row.ready else row.needs
        role = f"  ({row.role})" if row.role else ""
        line = f"{mark} {row.model:{width}}  {prices}  {about}{role}"
        click.echo(click.style(line, fg=colour) if row.ready else line)
    if not any(row.role for row in rows):
        click.echo("no model is chosen; set a vendor's key, or name one with --model and --judge")
    return 0


def _money(usd: float | None) -> str:
    return "?" if usd is None else f"{usd:g}"
