"""Reads the `.env` format: names and literal values."""

import re
from pathlib import Path

from agentproxy.config.files import read_small
from agentproxy.config.mistakes import BadFile

MAX_ENV_FILE_BYTES = 256 * 1024
# Possessive quantifiers (`*+`): without them a hostile file costs quadratic time.
ENTRY = re.compile(
    r"""
    [^\S\n]* (?:export[^\S\n]+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_.-]*+) [^\S\n]*+
    (?: = [^\S\n]*+
        (?: '(?P<single>[^']*+)' | "(?P<double>(?:[^"\\]|\\.)*+)" | (?P<bare>[^\n'"][^\n]*+)? )
    )?
    [^\S\n]*+ (?:\#[^\n]*+)? (?:\n|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
BLANK = re.compile(r"[^\S\n]*+(?:#[^\n]*+)?(?:\n|\Z)")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def read_env(file: Path, *, follow: bool) -> bytes | None:
    """Returns the bytes of a `.env`, or None if there is no such file. Raises BadFile."""
    # Some projects have a folder `.env`: a virtual environment.
    return None if file.is_dir() else read_small(file, limit=MAX_ENV_FILE_BYTES, follow=follow)


def parse_env(text: str, *, source: str) -> dict[str, str]:
    """Returns the variables of a `.env` text. The last of equal names counts. Raises BadFile."""
    # `${NAME}` stays as it is. A repository's file could otherwise send a key of the user to an
    # address of its choice.
    text = text.replace("\r\n", "\n")
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        if blank := BLANK.match(text, at):
            at = blank.end()
            continue
        entry = ENTRY.match(text, at)
        if entry is None:
            # The error does not show the line: it may hold a key.
            line = text.count("\n", 0, at) + 1
            raise BadFile("not NAME=value", source=f"{source}:{line}", cure="write NAME=value")
        if (value := _value(entry)) is not None:
            found[entry["name"]] = value
        at = entry.end()
    return found


def _value(entry: re.Match[str]) -> str | None:
    if entry["single"] is not None:
        return entry["single"]
    if entry["double"] is not None:
        return ESCAPE.sub(lambda sign: ESCAPED.get(sign[1], sign[1]), entry["double"])
    if entry["bare"] is not None:
        return re.split(r"\s#", entry["bare"], maxsplit=1)[0].strip()
    # A name without `=` is not a variable.
    return "" if "=" in entry[0] else None
