"""Turns every error into one sentence and an exit code."""

import json
import sys
from collections.abc import Callable
from typing import cast

import click

from agentproxy.cli.cleaning import clean
from agentproxy.cli.command_words import asks_for_json, command_of
from agentproxy.cli.signals import INTERRUPTED, ignore_signals
from agentproxy.cli.streams import INFRASTRUCTURE as INFRASTRUCTURE
from agentproxy.cli.streams import run_with_streams

DIFFERENCE = 1
USAGE = 2
UNPROVEN = 3


class Failure(click.ClickException):
    def __init__(self, message: str, *, cure: str = "", code: int = USAGE) -> None:
        super().__init__(message)
        self.cure = cure
        self.code = code

    def show(self, file: object = None) -> None:
        del file
        click.echo(f"pa: {clean(self.message)}", err=True)
        if self.cure:
            click.echo(f"    {clean(self.cure)}", err=True)


def warn(text: str) -> None:
    """Tells of what is no fault of the run. Any thread may call this."""
    click.echo(f"pa: {clean(text)}", err=True)


def guarded(root: click.Command, *, configured: Callable[[], str]) -> int:
    """Returns the exit code; 6 when the output could not be written.

    `configured` is the output that the settings choose; it is asked where something failed.
    """
    return run_with_streams(lambda: _run(root, configured))


def _run(root: click.Command, configured: Callable[[], str]) -> int:
    try:
        code = root.main(standalone_mode=False, prog_name="pa")
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (click.Abort, KeyboardInterrupt):
        ignore_signals()
        return _told(Failure("interrupted", code=INTERRUPTED), configured)
    except click.ClickException as error:
        return _told(error, configured)
    except Exception as error:  # noqa: BLE001 - the trace goes to a file, the user gets a sentence
        return _told(_unforeseen(error), configured)
    return code if isinstance(code, int) else 0


def _told(error: click.ClickException, configured: Callable[[], str]) -> int:
    """Tells a person, and a program where the output is JSON. Returns the code."""
    error.show()
    known = isinstance(error, Failure)
    cure, code = (error.cure, error.code) if known else ("", error.exit_code)
    words = sys.argv[1:]
    if asks_for_json(words, configured):
        # Events of a conversation have a "type", and those of a run a "kind".
        kind = "type" if command_of(words) == "chat" else "kind"
        message = error.message if known else error.format_message()
        line = {kind: "error", "message": message, "cure": cure, "exit_code": code}
        click.echo(json.dumps(line))
    return code


def _unforeseen(error: Exception) -> click.ClickException:
    import tempfile
    import traceback

    if isinstance(error, ExceptionGroup):
        return _unforeseen(cast("ExceptionGroup[Exception]", error).exceptions[0])
    if isinstance(error, click.ClickException):
        return error
    with tempfile.NamedTemporaryFile(
        "w", prefix="agentproxy-", suffix=".trace", delete=False
    ) as file:
        traceback.print_exception(error, file=file)
    message = f"{type(error).__name__}: {error}"
    cure = f"this is a bug in Agent Proxy; the traceback is in {file.name}"
    return Failure(message, cure=cure, code=INFRASTRUCTURE)
