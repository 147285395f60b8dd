"""The command of a task: `pa "TASK"`."""

from typing import Any, cast

import click

from agentproxy import __version__
from agentproxy.cli.help import TASK_OPTIONS
from agentproxy.cli.options import (
    MAX_TASK_BYTES,
    Dollars,
    Duration,
    WholeNumber,
    output_option,
    refuse_long,
)
from agentproxy.cli.strict_command import StrictCommand

COMMANDS = {"checks": "--check", "keep": "--keep"}
NAMES = {
    "known_red": "--known-red",
    "screenshots": "--add-screenshot",
    "worker": "--worker",
    "model": "--model",
    "judge": "--judge",
    "directory": "--directory",
    "set_workdir": "--set-workdir",
}


class Nameless(click.Context):
    @property
    def command_path(self) -> str:
        # click puts a space before the command's name, which is empty here.
        return super().command_path.strip()


class TaskCommand(StrictCommand):
    """Its usage errors name `pa`."""

    context_class = Nameless

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        del info_name
        return super().make_context(None, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not error.message.startswith("Got unexpected extra argument"):
                raise
            said = f'{error.message}; write the task in quotes: pa "Fix the date parser"'
            raise click.UsageError(said, ctx) from None


@click.command(
    "run",
    cls=TaskCommand,
    hidden=True,
    context_settings={"ignore_unknown_options": False, "help_option_names": ["-h", "--help"]},
)
@click.argument("task", required=False, default="")
@click.option("-d", "--directory", metavar="DIR", help=TASK_OPTIONS["-d, --directory DIR"])
@click.option("--worker", metavar="WORKER", default="", help=TASK_OPTIONS["--worker WORKER"])
@click.option("--model", metavar="MODEL", default="", help=TASK_OPTIONS["--model MODEL"])
@click.option("--judge", metavar="MODEL", default="", help=TASK_OPTIONS["--judge MODEL"])
@click.option("--budget", type=Dollars(), help=TASK_OPTIONS["--budget USD"])
@click.option("--check", "checks", metavar="CMD", multiple=True, help=TASK_OPTIONS["--check CMD"])
@click.option("--keep", metavar="CMD", multiple=True, help=TASK_OPTIONS["--keep CMD"])
@click.option("--known-red", metavar="TEST", multiple=True, help=TASK_OPTIONS["--known-red TEST"])
@click.option(
    "--max-rounds", type=WholeNumber(1, 1000), help=TASK_OPTIONS["--max-rounds INTEGER RANGE"]
)
@click.option("--max-time", type=Duration(), help=TASK_OPTIONS["--max-time DURATION"])
@click.option("--from-head", is_flag=True, help=TASK_OPTIONS["--from-head"])
@click.option("--include-untracked", is_flag=True, help=TASK_OPTIONS["--include-untracked"])
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "plain"]),
    default=None,
    help=TASK_OPTIONS["--sandbox [auto|plain]"],
)
@click.option(
    "--add-screenshot",
    "screenshots",
    metavar="FILE",
    multiple=True,
    help=TASK_OPTIONS["--add-screenshot FILE"],
)
@click.option("--list-sessions", is_flag=True, help=TASK_OPTIONS["--list-sessions"])
@click.option("--set-workdir", metavar="DIR", default=None, help=TASK_OPTIONS["--set-workdir DIR"])
@click.option("--show-workdir", is_flag=True, help=TASK_OPTIONS["--show-workdir"])
@output_option
@click.version_option(__version__, prog_name="pa")
@click.pass_context
def command(ctx: click.Context, **given: object) -> int:
    """Run a task."""
    from agentproxy.cli import workdir
    from agentproxy.cli.cleaning import clean

    _refuse_what_would_be_dropped(given)
    _refuse_long_words(given)
    if given["list_sessions"]:
        from agentproxy.cli.commands.list import SHOWN
        from agentproxy.cli.commands.list import command as list_command

        return ctx.invoke(list_command, limit=SHOWN, output=given["output"])
    if given["show_workdir"]:
        click.echo(
            clean(workdir.stored())
            or "no default directory is stored; store one with pa --set-workdir DIR"
        )
        return 0
    if given["set_workdir"] is not None:
        stored = workdir.store(str(given["set_workdir"]))
        click.echo(f"default directory: {clean(stored)}")
        if not given["task"]:
            return 0
    if not str(given["task"] or "").strip():
        raise click.UsageError('no task is given; write for example pa "Fix the date parser"')
    directory = workdir.chosen(None if given["directory"] is None else str(given["directory"]))
    workdir.refuse_home_inside(directory)
    return _start(ctx.command, {**given, "directory": directory})


def _refuse_long_words(given: dict[str, object]) -> None:
    cure = "put the details in a file of the repository, and name that file in the task"
    refuse_long("the task", str(given["task"]), limit=MAX_TASK_BYTES, cure=cure)
    for name, option in (COMMANDS | NAMES).items():
        found = given[name] or ""
        cure = "put it in a script of the repository, and call it" if name in COMMANDS else ""
        for text in (found,) if isinstance(found, str) else cast("tuple[str, ...]", found):
            refuse_long(option, text, cure=cure)


def _refuse_what_would_be_dropped(given: dict[str, object]) -> None:
    alone = ("list_sessions", "show_workdir")
    asked = [
        name for name in (*alone, "set_workdir", "task") if given[name] not in (None, "", False)
    ]
    if len(asked) > 1 and asked[0] in alone:
        option, other = (f"--{name.replace('_', '-')}" for name in asked[:2])
        other = "the task" if asked[1] == "task" else other
        raise click.UsageError(f"{option} cannot be combined: leave {other} out")


def _start(command: click.Command, given: dict[str, object]) -> int:
    from agentproxy.app.task_request import BadRequest, TaskRequest, read_request
    from agentproxy.cli.driving.drive import drive_new
    from agentproxy.cli.workdir import in_full
    from agentproxy.text.with_cure import with_cure

    files = cast("tuple[str, ...]", given["screenshots"])
    asked = {name: given[name] for name in TaskRequest.model_fields if given.get(name) is not None}
    try:
        request = read_request({**asked, "screenshots": tuple(map(in_full, files))})
    except BadRequest as error:
        option = _option(command, error.field.partition("[")[0])
        said = with_cure(error.problem, error.cure)
        raise click.BadParameter(said, param_hint=option) from None
    return drive_new(request, output=str(given["output"]) if given["output"] else None)


def _option(command: click.Command, field: str) -> str:
    names = {param.name: param.opts[-1] for param in command.params}
    return "the task" if field == "task" else names.get(field, field)
