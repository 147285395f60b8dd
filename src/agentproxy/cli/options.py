"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

PaCommand = TypeVar("PaCommand", bound=Callable[..., Any])
TAKES_VALUE = frozenset(
    {
        "-d", "--directory", "--judge", "--budget",
        "--add-screenshot", "--set-workdir", "--worker", "--model", "--check",
        "--keep", "--known-red", "--limit", "--max-rounds", "--max-time",
        "--sandbox", "--output", "-o",
    }
)  # fmt: skip
MAX_DOLLARS = 1_000_000.0
SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """Seconds, or a number with s, m or h; given on as seconds."""

    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds of a duration."""
        if isinstance(value, float | int):
            return float(value)
        number, unit = (value[:-1], value[-1]) if value[-1:] in SECONDS_PER_UNIT else (value, "s")
        try:
            seconds = float(number) * SECONDS_PER_UNIT[unit]
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is no duration; write 90s, 30m or 2h", param, ctx)
        return seconds


class Dollars(click.ParamType[float]):
    """A sum of US dollars above 0, with or without the sign."""

    name = "usd"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The sum."""
        try:
            usd = float(value.removeprefix("$") if isinstance(value, str) else value)
        except ValueError:
            usd = -1.0
        if not 0 < usd <= MAX_DOLLARS:
            self.fail(f"{value!r} is no sum; write US dollars such as 2.50", param, ctx)
        return usd


def output_option(function: PaCommand) -> PaCommand:
    """`--output rich|plain|json`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["rich", "plain", "json"]),
        default=None,
        help="How to show things. Default: rich on a terminal, else plain.",
    )(function)


def run_argument(function: PaCommand) -> PaCommand:
    """RUN, or the beginning of its number; default: the newest of this repository."""
    return click.argument("run", required=False, default="", metavar="[RUN]")(function)


def chosen_output(output: str | None, configured: str = "") -> str:
    """The output in force: what was asked for, what is configured, what the terminal can do."""
    import os
    import sys

    if output or configured:
        return output or configured
    drawable = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return "rich" if drawable else "plain"
