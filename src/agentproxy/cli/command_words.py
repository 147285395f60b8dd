"""What the words of a command line ask for, before they are parsed."""

import re
from collections.abc import Callable, Sequence

from agentproxy.cli.help import COMMANDS

OUTPUT = ("-o", "--output")
# Options of one letter may stand together. What follows one that takes a value is that value.
_SHORT_OUTPUT = re.compile(r"-[a-ce-ln-z]*?o=?(?P<value>.*)", re.DOTALL)
SHORT_DIRECTORY = re.compile(r"-[a-ce-lnp-z]*?d=?(?P<value>.*)", re.DOTALL)
DIRECTORY = ("-d", "--directory")
TAKES_SETTING = ("", "resume")  # a task, and a run that goes on: their output is also a setting
TAKES_VALUE = frozenset(
    {
        "-d", "--directory", "--judge", "--budget",
        "--add-screenshot", "--set-workdir", "--worker", "--model", "--check",
        "--keep", "--known-red", "--limit", "--max-rounds", "--max-time",
        "--sandbox", *OUTPUT, "--message", "-m", "--url", "--resume", "--preset",
        "--request", "--reason", "--round", "--show", "--host", "--port", "--allow-host",
        "--allow-dir", "--effort",
    }
)  # fmt: skip


def first_word(args: Sequence[str]) -> int | None:
    """Returns the place of the first word that is no option and no value of one."""
    index = 0
    while index < len(args):
        argument = args[index]
        if argument == "--":  # all that follows is a task
            return None
        if not argument.startswith("-") or argument == "-":
            return index
        index += 2 if argument in TAKES_VALUE else 1
    return None


def command_of(args: Sequence[str]) -> str:
    """Returns the command that is called, or "" for a task."""
    place = first_word(args)
    word = "" if place is None else args[place]
    return word if word in COMMANDS else ""


def asks_for_json(args: Sequence[str], configured: Callable[[], str]) -> bool:
    """Whether the output is to be JSON. `configured` says what the settings of a task choose."""
    chosen = value_of(args, OUTPUT, _SHORT_OUTPUT)
    if chosen is None and command_of(args) in TAKES_SETTING:
        chosen = configured()
    return chosen == "json"


def value_of(args: Sequence[str], names: Sequence[str], short: re.Pattern[str]) -> str | None:
    """Returns the last value of an option, or None. `names` has its long name last."""
    found: str | None = None
    index = 0
    while index < len(args) and args[index] != "--":
        word = args[index]
        if word in names:
            found = "".join(args[index + 1 : index + 2])
        elif word.startswith(f"{names[-1]}="):
            found = word.partition("=")[2]
        elif (together := short.match(word)) is not None:
            found = together["value"] or "".join(args[index + 1 : index + 2])
        index += 2 if word in TAKES_VALUE else 1
    return found
