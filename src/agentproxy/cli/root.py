"""`pa`: the first word that names a command is the command; anything else is a task."""

import importlib
import os
from collections.abc import Sequence

import click

EXAMPLES = """\
Examples:
  pa --worker 'command:my-agent' --check 'pytest -q' "Fix the failing date parser"
  pa --budget 2 "Add a --json flag to the export command"     with a vendor's key set
  pa -d services/api --keep 'npm test' "Rename the health route"
  pa list                     what has run, and how it ended
  pa apply RUN                merge a claim into your present tree, without a commit
  pa -- show                  a task that is called like a command

Exit codes:
  0 verified   1 refuted   2 usage   3 unverified   4 waits for a human
  5 ceiling reached   6 infrastructure   130 interrupted
"""
COMMANDS = {
    "answer": "answer a worker's question",
    "apply": "merge a run's claim into your present tree",
    "approve": "let a worker do what it asked for",
    "context": "what is given to the worker and to the supervisor, and how much it is",
    "deny": "refuse what a worker asked for",
    "doctor": "what is installed, which sandbox works, what to do about each gap",
    "evidence": "what was run and seen; --verify the chain, --rerun the checks",
    "init": "write commented first files for the project, its guidance and the session",
    "list": "the newest runs of all repositories",
    "models": "which models can be asked, and what each costs",
    "resume": "go on with a run",
    "show": "one run, from its beginning to where it stands",
    "stop": "end a run",
    "trust": "trust this repository's configuration as it is now",
}
RUN = "run"


class PaGroup(click.Group):
    """Commands by name, loaded when they are called; what is no command is a task."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, for help and completion."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        del ctx
        if cmd_name != RUN and cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"agentproxy.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first, or `run` where there is none."""
        if args in (["--help"], ["-h"]) or not args:
            return super().parse_args(ctx, args)
        if ctx.resilient_parsing and not _first_word(args):
            return super().parse_args(ctx, args)
        place = _first_word(args)
        word = args[place[0]] if place else ""
        if place and word in COMMANDS:
            args = [word, *args[: place[0]], *args[place[0] + 1 :]]
        else:
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of a task, then the commands."""
        run = self.get_command(ctx, RUN)
        if run is not None:
            rows = [row for param in run.get_params(ctx) if (row := param.get_help_record(ctx))]
            with formatter.section("Options of a task"):
                formatter.write_dl(rows)
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, as they are typed."""
        del ctx
        formatter.write("\n" + EXAMPLES)


def _first_word(args: Sequence[str]) -> tuple[int] | None:
    """Where the first word that is no option and no option's value stands; none after `--`."""
    from agentproxy.cli.options import TAKES_VALUE

    index = 0
    while index < len(args):
        argument = args[index]
        if argument == "--":
            return None
        if not argument.startswith("-") or argument == "-":
            return (index,)
        index += 2 if argument in TAKES_VALUE else 1
    return None


@click.command(
    cls=PaGroup,
    invoke_without_command=True,
    options_metavar="[OPTIONS]",
    subcommand_metavar='"TASK" | COMMAND ...',
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def root(ctx: click.Context) -> None:
    """Supervise a coding agent on TASK, and prove what it claims.

    The worker gets a clone of its own in a sandbox; its claim is checked in a clean checkout; your
    tree, index, branches and configuration stay as they are. After pa init, a run keeps its own
    lines in .agentproxy/session/tasks.md.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def help_width() -> int:
    """Columns for help: what the terminal has, 100 at most; click asks a slow module for it."""
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (ValueError, OSError):
        columns = 82
    return max(min(columns, 100) - 2, 50)
