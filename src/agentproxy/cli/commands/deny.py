"""`pa deny`."""

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.commands import Deny


@click.command("deny", cls=StrictCommand)
@click.argument("run")
@click.argument("reason", required=False, default="")
@click.option("--request", default="", help="ID of the request, when several are open.")
@output_option
def command(run: str, reason: str, request: str, *, output: str | None) -> int:
    """Deny the open permission request of a run's worker, which receives the reason.

    \b
    Example:
      pa deny k7f2 "not on this branch"
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Deny(request=request, reason=reason), waits_for="permission", output=output)
