"""The `.env` format: names and values, and nothing that is looked up or run."""

import re
from pathlib import Path

from agentproxy.config.files import read_small
from agentproxy.config.mistakes import BadFile

MAX_ENV_FILE_BYTES = 256 * 1024
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
    """The bytes of a `.env`, or None where there is none: a folder of that name is an environment.

    Raises:
        BadFile: a pipe or a device, too large, or cannot be read.
    """
    return None if file.is_dir() else read_small(file, limit=MAX_ENV_FILE_BYTES, follow=follow)


def parse_env(text: str, *, source: str) -> dict[str, str]:
    """The variables of a `.env` text; the last of a name counts, a name without `=` is no variable.

    Values are taken literally: `${NAME}` is not replaced, because a stranger's file could carry a
    key of the user to an address of its own that way.

    Raises:
        BadFile: a line is no entry, or a quote never ends; the line is named, not shown.
    """
    text = text.replace("\r\n", "\n")
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        if blank := BLANK.match(text, at):
            at = blank.end()
            continue
        entry = ENTRY.match(text, at)
        if entry is None:
            line = text.count("\n", 0, at) + 1
            raise BadFile("not NAME=value", source=f"{source}:{line}", cure="fix the line")
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
    return "" if "=" in entry[0] else None
