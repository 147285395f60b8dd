"""What the words of a command line ask for, before they are parsed."""

import re
from collections.abc import Mapping, Sequence

from agentproxy.cli.help import COMMANDS

OUTPUT = ("-o", "--output")
# Options of one letter may stand together. What follows one that takes a value is that value.
_SHORT_OUTPUT = re.compile(r"-[a-ce-ln-z]*?o=?(?P<value>.*)", re.DOTALL)
TAKES_VALUE = frozenset(
    {
        "-d", "--directory", "--judge", "--budget",
        "--add-screenshot", "--set-workdir", "--worker", "--model", "--check",
        "--keep", "--known-red", "--limit", "--max-rounds", "--max-time",
        "--sandbox", *OUTPUT, "--message", "-m", "--url", "--resume", "--preset",
        "--request", "--reason", "--round", "--show", "--host", "--port", "--allow-host",
        "--allow-dir",
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


def asks_for_json(args: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether the output is to be JSON. The variable counts for a task alone, as documented."""
    chosen = "" if command_of(args) else environ.get("AGENTPROXY_OUTPUT", "")
    index = 0
    while index < len(args) and args[index] != "--":
        word = args[index]
        if word in OUTPUT:
            chosen = "".join(args[index + 1 : index + 2])
        elif word.startswith("--output="):
            chosen = word.partition("=")[2]
        elif (short := _SHORT_OUTPUT.match(word)) is not None:
            chosen = short["value"] or "".join(args[index + 1 : index + 2])
        index += 2 if word in TAKES_VALUE else 1
    return chosen == "json"
