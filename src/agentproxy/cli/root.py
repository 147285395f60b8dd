"""`pa`: a first word that names a command is the command; others are a task."""

import importlib
from collections.abc import Sequence

import click

from agentproxy.cli.help import ARGUMENTS, COMMANDS, help_page

RUN = "run"


class PaGroup(click.Group):
    """Loads a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name != RUN and cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"agentproxy.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args in (["--help"], ["-h"]) or not args:
            return super().parse_args(ctx, args)
        # Shell completion of the first word offers the commands, not the options of a task.
        if ctx.resilient_parsing and not _first_word(args):
            return super().parse_args(ctx, args)
        place = _first_word(args)
        word = args[place[0]] if place else ""
        if place and word in COMMANDS:
            args = [word, *args[: place[0]], *args[place[0] + 1 :]]
        else:
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        formatter.write(help_page(formatter.width))


def _first_word(args: Sequence[str]) -> tuple[int] | None:
    from agentproxy.cli.options import TAKES_VALUE

    index = 0
    while index < len(args):
        argument = args[index]
        if argument == "--":  # all that follows is a task
            return None
        if not argument.startswith("-") or argument == "-":
            return (index,)
        index += 2 if argument in TAKES_VALUE else 1
    return None


@click.command(
    cls=PaGroup,
    invoke_without_command=True,
    options_metavar="[OPTIONS]",
    subcommand_metavar=ARGUMENTS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def root(ctx: click.Context) -> None:
    """Supervise a coding agent on TASK."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
