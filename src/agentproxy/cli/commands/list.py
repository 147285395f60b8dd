"""`pa list`: all runs, newest first."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from agentproxy.cli.options import output_option


@click.command("list")
@output_option
def command(output: str | None) -> int:
    """All runs of all repositories, newest first; works from any folder.

    \b
    Examples:
      pa list
      pa list --output json | jq .run
    """
    from agentproxy.app.queries import list_runs
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.run_lookup import with_app

    rows = with_app(lambda app: list_runs(app.journal))
    if output == "json":
        for row in rows:
            click.echo(json.dumps(asdict(row)))
        return 0
    if not rows:
        click.echo('no runs yet; pa --worker command:CMD --check CMD "TASK" starts one')
    for row in rows:
        when = datetime.fromtimestamp(row.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
        task = " ".join(clean(row.task).split())
        click.echo(f"{row.run}  {when}  {row.status:<10}  {task[:70]}  {clean(row.repository)}")
    return 0
