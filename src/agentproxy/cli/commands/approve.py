"""`pa approve`: let a worker do what it asked for."""

import click

from agentproxy.cli.options import run_argument
from agentproxy.events.commands import Approve


@click.command("approve")
@run_argument
@click.option("--request", default="", help="Which request, where several wait.")
def command(run: str, request: str) -> int:
    """Approve the permission that a run's worker waits for.

    \b
    Example:
      pa approve k7f2
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Approve(request=request), waits_for="permission")
