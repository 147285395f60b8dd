"""A command that refuses empty values: a variable of a script that is not set gives one."""

import sys
from typing import cast

import click
from click.core import ParameterSource

OWN_WORDS = ("task",)  # parameters whose command tells more of what is missing


class StrictCommand(click.Command):
    def invoke(self, ctx: click.Context) -> object:
        """Calls the command. Raises UsageError for an empty value."""
        for param in self.params:
            name = param.name or ""
            typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
            if typed and name not in OWN_WORDS and _is_empty(ctx.params[name]):
                raise click.UsageError(f"{_label(param)} is empty: {_cure(param)}", ctx)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # click would write an empty line, which only a terminal that shows ^C needs.
            if sys.stderr.isatty():
                click.echo(err=True)
            raise click.Abort from None


def _is_empty(value: object) -> bool:
    if isinstance(value, tuple):
        return any(map(_is_empty, cast("tuple[object, ...]", value)))
    return isinstance(value, str) and not value.strip()


def _label(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return param.opts[-1]
    label = (param.metavar or (param.name or "").upper()).strip("[]")
    return label if label.isalpha() else "the argument"


def _cure(param: click.Parameter) -> str:
    return "give a value" if param.required else "give a value, or leave it out"
