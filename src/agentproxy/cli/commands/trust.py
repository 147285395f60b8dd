"""`pa trust`."""

import json
import os

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand


@click.command("trust", cls=StrictCommand)
@click.option("--revoke", is_flag=True, help="Withdraw the trust.")
@output_option
def command(*, revoke: bool, output: str | None) -> int:
    """Trust the current content of this repository's agentproxy.toml and .env.

    An untrusted file gives checks and keys only. Its workers, sandbox, network, variables, prepare,
    carry and environment folders are ignored. A file that changes is not trusted any more.

    \b
    Examples:
      pa trust
      pa trust --revoke
    """
    from agentproxy.app.trusting import change_trust
    from agentproxy.cli.cleaning import clean
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    with as_failures():
        changes = change_trust(current_folder(), os.environ, revoke=revoke)
    for path, what in changes:
        as_json = json.dumps({"path": path, "status": what})
        click.echo(as_json if output == "json" else f"{what}: {clean(path)}")
    if not changes and output != "json":
        click.echo("there is no agentproxy.toml and no .env here: nothing to trust")
    return 0
