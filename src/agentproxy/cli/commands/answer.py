"""`pa answer`: answer a worker's question from any terminal."""

import click

from agentproxy.events.commands import Answer


@click.command("answer")
@click.argument("run")
@click.argument("text")
@click.option("--request", default="", help="Which question, where several wait.")
def command(run: str, text: str, request: str) -> int:
    """Answer the question that a run's worker waits with.

    \b
    Example:
      pa answer k7f2 "Yes, keep the old name as an alias"
    """
    from agentproxy.cli.submitting import submit

    return submit(run, Answer(text=text, request=request), waits_for="question")
