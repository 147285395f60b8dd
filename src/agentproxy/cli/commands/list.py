"""`pa list`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from agentproxy.cli.options import WholeNumber, output_option
from agentproxy.cli.strict_command import StrictCommand

SHOWN = 50  # runs


@click.command("list", cls=StrictCommand)
@click.option(
    "--limit",
    type=WholeNumber(1, 100_000),
    default=SHOWN,
    help=f"Number of runs. Default: {SHOWN}.",
)
@output_option
def command(limit: int, output: str | None) -> int:
    """List the runs of all repositories, newest first. It works in any folder.

    \b
    Examples:
      pa list
      pa list --limit 500
      pa list --output json | jq .run
    """
    from agentproxy.app.queries import list_runs
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.run_lookup import with_app

    # One more than asked for tells whether there are more.
    found = with_app(lambda app: list_runs(app, limit=limit + 1))
    rows = found[:limit]
    if output == "json":
        for row in rows:
            click.echo(json.dumps(asdict(row)))
    elif not rows:
        click.echo('no runs yet; start one with pa --worker command:CMD --check CMD "TASK"')
    else:
        for row in rows:
            when = datetime.fromtimestamp(row.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
            task = " ".join(clean(row.task).split())
            click.echo(f"{row.run}  {when}  {row.status:<10}  {task[:70]}  {clean(row.repository)}")
    for row in rows:
        if row.problem and output != "json":
            click.echo(f"{row.run} cannot be read: {clean(row.problem)}", err=True)
    if len(found) > limit:
        click.echo(f"there are more runs; list them with pa list --limit {10 * limit}", err=True)
    return 0
