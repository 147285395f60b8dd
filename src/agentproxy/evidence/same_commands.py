"""Which commands run the same tests in the same way, so that one run serves both. Pure."""

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

TEST_PROGRAMS = ("pytest", "py.test", "python", "python3")
# Anything that a shell would do more with than start one program with these words.
_NOT_PLAIN = re.compile(r"[^\w\s./:=@%+,'\"-]|^\s*\w+=")
_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
# What pytest prints changes; what it runs and its exit code stay.
_ONLY_PRINTS = re.compile(r"-q|-v+|--quiet|--verbose|-r[A-Za-z]+|--(?:tb|color)=\w+|--no-header")
_SCRIPT_RUNNERS = frozenset({"npm", "pnpm", "yarn"})
_SHORT_FOR_TEST = {"t": "test", "tst": "test"}


class Place(NamedTuple):
    """Where a command runs: its folder, and the programs that PATH leads to there, by name."""

    folder: str  # absolute
    programs: Mapping[str, str]


def meaning_of(command: str, place: Place) -> tuple[str, ...]:
    """Returns what a command runs: equal for commands of which one run serves both.

    A command that is not understood means only itself.
    """
    words = _plain_words(command)
    # Both run what stands behind in the project's own environment.
    if words[:2] in (["uv", "run"], ["poetry", "run"]) and _is_own_environment(place):
        words = words[2:] if words[2:3] in (["pytest"], ["python"]) else words
    if not words:
        return (command.strip(),)
    name = posixpath.basename(words[0])
    if _PYTHON.fullmatch(name) and words[1:3] == ["-m", "pytest"]:
        return _pytest(_folder_of(words[0], place), words[3:])
    if name in ("pytest", "py.test"):
        return _pytest(_folder_of(words[0], place), words[1:])
    if words[0] in _SCRIPT_RUNNERS and (script := _script(words)):
        return (words[0], "run", script)
    return (command.strip(),)


def _is_own_environment(place: Place) -> bool:
    """Whether PATH leads to the environment that uv and Poetry keep in a project."""
    own = posixpath.join(place.folder, ".venv/bin/python")
    return place.programs.get("python") == own


def _plain_words(command: str) -> list[str]:
    if _NOT_PLAIN.search(command) or "\n" in command.strip():
        return []
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _pytest(folder: str, arguments: Sequence[str]) -> tuple[str, ...]:
    # Options that choose tests or change how they run are kept, in their order.
    return ("pytest", folder, *(each for each in arguments if not _ONLY_PRINTS.fullmatch(each)))


def _folder_of(program: str, place: Place) -> str:
    """Returns the folder of a program: pytest beside python runs with it."""
    if "/" in program:
        return posixpath.dirname(posixpath.normpath(posixpath.join(place.folder, program)))
    # Where PATH has no pytest, an environment is built, and `python` is its own.
    found = place.programs.get(program) or place.programs.get("python", "")
    return posixpath.dirname(found)


def _script(words: Sequence[str]) -> str:
    """Returns the script of package.json that is run with no argument, or ""."""
    rest = [each for each in words[1:] if each not in ("-s", "--silent")]
    if rest[:1] in (["run"], ["run-script"]):
        return rest[1] if len(rest) == 2 and not rest[1].startswith("-") else ""
    # Of all scripts only `test` runs in every package manager without `run`.
    name = _SHORT_FOR_TEST.get(rest[0], rest[0]) if len(rest) == 1 else ""
    return name if name == "test" else ""
