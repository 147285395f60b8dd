"""Finds the errors that ended a check or a test, in the words of Python and of node."""

import re
from itertools import pairwise

# Possessive: what the marks took is not tried again as another part.
_MARKS = r"^[#\s]*+(?:E\s++)?+(?:\[|Uncaught )?+"
_ERROR = re.compile(
    _MARKS + r"(?:(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt|Timeout|Failed)"
    r"(?: \[\w+\])?\s*(?::|$)"
    r"|assert\b|expect\(|Cannot find (?:module|package) '|ENOENT: "
    r"|\S+(?:\(\d+,\d+\):| -) error TS\d+: )"
)
_ASSERTED = re.compile(
    _MARKS + r"(?:(?:\w+\.)*(?:AssertionError|Failed)\b|assert\b|expect\(|Failed\b)"
)
# Another error follows in place of the one before.
_REPLACED = re.compile(r"During handling of the above exception|The above exception was the direct")
# unittest prints the error of the import after its own.
_IMPORTS = "Failed to import test module"
_STACK = re.compile(r"^[#\s]*(Require stack:|- /.*)$")


def final_errors(text: str) -> list[str]:
    """Returns each error that no other one replaced, as a line with its stack of modules."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _ERROR.match(line)]
    found: list[str] = []
    for start, end in pairwise([*starts, len(lines)]):
        rest = lines[start + 1 : end]
        if _IMPORTS in lines[start] or any(map(_REPLACED.search, rest)):
            continue
        found.append("\n".join([lines[start], *_stack(rest)]))
    return found


def is_assertion(error: str) -> bool:
    """Whether a value was wrong: what the error quotes has not ended the test."""
    return _ASSERTED.match(error) is not None


def _stack(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if not (match := _STACK.match(line)):
            break
        found.append(match[1])
    return found
