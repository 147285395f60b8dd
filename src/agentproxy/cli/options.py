"""Options that several commands share."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from agentproxy.cli.failure import Failure
from agentproxy.cli.help import TASK_OPTIONS

PaCommand = TypeVar("PaCommand", bound=Callable[..., Any])
MAX_DOLLARS = 1_000_000.0
MAX_TASK_BYTES = 64 * 1024
MAX_WORD_BYTES = 16 * 1024
# `int` and `float` also take "1_0", " 5", "1e3" and digits of other scripts.
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
SUM = re.compile(r"\$?([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})")


class WholeNumber(click.IntRange):
    """The digits 0 to 9 only."""

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, str) and not WHOLE_NUMBER.fullmatch(value):
            self.fail(f"{value!r} is not a whole number; write digits such as 12", param, ctx)
        return super().convert(int(value), param, ctx)


class Duration(click.ParamType[float]):
    """Converts a number with s, m, h or d to seconds."""

    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from agentproxy.config.words import seconds_of

        try:
            seconds = seconds_of(value)
        except ValueError:
            seconds = 0.0
        if seconds == 0:
            text = f"{value!r} is not a duration; write for example 90s, 30m or 2h, at most 365d"
            self.fail(text, param, ctx)
        return seconds


class Dollars(click.ParamType[float]):
    """More than 0, with or without the sign."""

    name = "usd"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = SUM.fullmatch(value) if isinstance(value, str) else None
        usd = float(found[1]) if found else -1.0 if isinstance(value, str) else value
        if not 0 < usd <= MAX_DOLLARS:
            self.fail(f"{value!r} is not an amount; write US dollars such as 2.50", param, ctx)
        return usd


def refuse_long(name: str, text: str, *, limit: int = MAX_WORD_BYTES, cure: str = "") -> None:
    """`limit` is in bytes."""
    size = len(text.encode("utf-8", "surrogateescape"))
    if size > limit:
        raise Failure(f"{name} has {size} bytes; the limit is {limit}", cure=cure or "shorten it")


def output_option(function: PaCommand) -> PaCommand:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["rich", "plain", "json"]),
        default=None,
        help=TASK_OPTIONS["-o, --output [rich|plain|json]"],
    )(function)


def run_argument(function: PaCommand) -> PaCommand:
    return click.argument("run", required=False, default="", metavar="[RUN]")(function)


def chosen_output(output: str | None, configured: str = "") -> str:
    """The option wins, then the configuration, then what the terminal can show."""
    import os
    import sys

    if output or configured:
        return output or configured
    drawable = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return "rich" if drawable else "plain"
