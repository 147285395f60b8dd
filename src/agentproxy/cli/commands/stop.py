"""`pa stop`."""

import click

from agentproxy.cli.options import output_option, run_argument
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.commands import StopRun


@click.command("stop", cls=StrictCommand)
@run_argument
@click.option("--reason", default="", help="Stored in the run's journal.")
@output_option
def command(run: str, reason: str, *, output: str | None) -> int:
    """End a run for good; its claims stay on their refs.

    Ctrl+C only parks a run, and pa resume continues it.

    \b
    Example:
      pa stop k7f2 --reason "solved by hand"
    """
    from agentproxy.cli.submitting import submit_stop

    return submit_stop(run, StopRun(reason=reason), output=output)
