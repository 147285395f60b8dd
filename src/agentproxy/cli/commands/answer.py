"""`pa answer`."""

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.commands import Answer


@click.command("answer", cls=StrictCommand)
@click.argument("run")
@click.argument("text")
@click.option("--request", default="", help="ID of the question, when several are open.")
@output_option
def command(run: str, text: str, request: str, *, output: str | None) -> int:
    """Answer the open question of a run's worker.

    \b
    Example:
      pa answer k7f2 "Yes, keep the old name as an alias"
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Answer(text=text, request=request), waits_for="question", output=output)
