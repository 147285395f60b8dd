"""`pa init`."""

import json
from dataclasses import asdict

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand

NEXT = (
    "fill in the files you need; a file with only headings and comments counts as empty",
    "git add .agentproxy agentproxy.toml    runs read only files that git tracks",
    "pa context                             lists the documents for the worker and supervisor",
)

IGNORE = "echo session/ >> .agentproxy/.gitignore   keeps your session out of git"


@click.command("init", cls=StrictCommand)
@output_option
def command(output: str | None) -> int:
    """Write commented starter files: .agentproxy/ and agentproxy.toml. Existing files stay.

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
