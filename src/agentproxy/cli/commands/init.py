"""`pa init`: commented first files for the project, its guidance and the session."""

import json
from dataclasses import asdict

import click

from agentproxy.cli.options import output_option

NEXT = (
    "fill in what you like; a file with only headings and comments counts as not written yet",
    "git add .agentproxy agentproxy.toml    runs see only what git knows",
    "pa context                             what is given to whom, and how much it is",
)

IGNORE = "echo session/ >> .agentproxy/.gitignore   the session is yours alone"


@click.command("init")
@output_option
def command(output: str | None) -> int:
    """Write a commented start of .agentproxy/ and agentproxy.toml; keeps what is there.

    \b
    Examples:
      pa init
      pa init --output json
    """
    import asyncio

    from agentproxy.app.init_project import start_project
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    with as_failures():
        started = asyncio.run(start_project(current_folder()))
    following = NEXT if started.session_ignored else (NEXT[0], IGNORE, *NEXT[1:])
    if output == "json":
        click.echo(json.dumps({**asdict(started), "next": following}))
        return 0
    for path in started.written:
        click.echo(click.style(f"wrote {path}", fg="green"))
    for path in started.kept:
        click.echo(f"kept  {path}")
    click.echo("next:")
    for line in following:
        click.echo(f"  {line}")
    return 0
