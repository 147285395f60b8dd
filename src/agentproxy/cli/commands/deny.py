"""`pa deny`."""

import click

from agentproxy.events.commands import Deny


@click.command("deny")
@click.argument("run")
@click.argument("reason", required=False, default="")
@click.option("--request", default="", help="ID of the request, when several are open.")
def command(run: str, reason: str, request: str) -> int:
    """Deny the open permission request of a run's worker, which receives the reason.

    \b
    Example:
      pa deny k7f2 "not on this branch"
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Deny(request=request, reason=reason), waits_for="permission")
