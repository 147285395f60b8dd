"""`pa message`."""

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand
from agentproxy.events.commands import SendMessage


@click.command("message", cls=StrictCommand)
@click.argument("run")
@click.argument("text")
@output_option
def command(run: str, text: str, *, output: str | None) -> int:
    """Send a message to a run's worker, at once or in its next brief.

    builtin and claude receive it while they work; a program reads it in its next brief. A run that
    nobody works on keeps it until pa resume.

    \b
    Example:
      pa message k7f2 "Use the parser in dates.py, and leave the old one alone"
    """
    from agentproxy.cli.submitting import submit_message

    return submit_message(run, SendMessage(text=text), output=output)
