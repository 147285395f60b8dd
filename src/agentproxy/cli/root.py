"""`pa`: a first word that names a command is the command; others are a task."""

import importlib

import click

from agentproxy.cli.command_words import command_of, first_word
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
        place = first_word(args)
        if ctx.resilient_parsing and place is None:
            return super().parse_args(ctx, args)
        if place is not None and (word := command_of(args)):
            args = [word, *args[:place], *args[place + 1 :]]
        else:
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        formatter.write(help_page(formatter.width))


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
