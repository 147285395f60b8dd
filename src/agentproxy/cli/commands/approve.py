"""`pa approve`."""

import click

from agentproxy.cli.options import output_option, run_argument
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.commands import Approve


@click.command("approve", cls=StrictCommand)
@run_argument
@click.option("--request", default="", help="ID of the request, when several are open.")
@output_option
def command(run: str, request: str, *, output: str | None) -> int:
    """Approve the open permission request of a run's worker.

    \b
    Example:
      pa approve k7f2
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Approve(request=request), waits_for="permission", output=output)
