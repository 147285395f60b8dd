"""The page of `pa --help` is our own; it looks as click would lay it out, and says what holds."""

import os
import subprocess
import sys

import click
import pytest

from agentproxy.cli.help import ABOUT, COMMANDS, EXAMPLES, asks_for_help, help_page
from agentproxy.cli.root import RUN, root


def page_by_click(width: int) -> str:
    context = click.Context(root, info_name="pa", help_option_names=["-h", "--help"])
    task = root.get_command(context, RUN)
    assert task is not None
    formatter = click.HelpFormatter(width=width)
    root.format_usage(context, formatter)
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text("\n\n".join(ABOUT))
    rows = [row for each in task.get_params(context) if (row := each.get_help_record(context))]
    with formatter.section("Options of a task"):
        formatter.write_dl(rows)
    with formatter.section("Commands"):
        formatter.write_dl(sorted(COMMANDS.items()))
    return f"{formatter.getvalue()}\n{EXAMPLES}"


@pytest.mark.parametrize("width", range(50, 99))
def test_the_page_is_that_of_click_at_every_width(width: int) -> None:
    assert help_page(width) == page_by_click(width)


def test_every_way_to_ask_for_help_gives_the_same_page() -> None:
    asked = root.get_help(click.Context(root, info_name="pa", terminal_width=80))
    assert asked == help_page(80).rstrip()


def test_help_is_printed_without_what_is_slow_to_import() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['pa', '--help']\n"
        "from agentproxy.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as ending: code = ending.code\n"
        "print(code, sorted({'click', 'asyncio', 'pydantic', 'inspect'} & set(sys.modules)))\n"
    )
    environ = {**os.environ, "COLUMNS": "82"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (help_page(80) + "0 []\n", "")


@pytest.mark.parametrize(
    "arguments", [[], ["list", "--help"], ["--help", "list"], ["Fix it", "-h"], ["--", "--help"]]
)
def test_help_of_something_else_is_left_to_click(arguments: list[str]) -> None:
    assert not asks_for_help(arguments, {})


def test_a_shell_that_completes_words_gets_no_page() -> None:
    assert asks_for_help(["-h"], {})
    assert not asks_for_help(["-h"], {"_PA_COMPLETE": "bash_complete"})
