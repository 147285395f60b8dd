"""`pa deny`: refuse what a worker asked for."""

import click

from agentproxy.events.commands import Deny


@click.command("deny")
@click.argument("run")
@click.argument("reason", required=False, default="")
@click.option("--request", default="", help="Which request, where several wait.")
def command(run: str, reason: str, request: str) -> int:
    """Refuse the permission that a run's worker waits for; it is told the reason.

    \b
    Example:
      pa deny k7f2 "not on this branch"
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Deny(request=request, reason=reason), waits_for="permission")
