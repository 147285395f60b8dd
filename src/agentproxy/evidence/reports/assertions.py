"""Whether a Python test failed because a value was not the expected one. Pure."""

import re

# A name or a parameter is missing, or the code is a stub that raises: nothing was computed.
_NOTHING_THERE = re.compile(
    r"(?:NameError|UnboundLocalError|ImportError|ModuleNotFoundError|NotImplementedError)\b"
    r"|.*(?:unexpected keyword|positional|keyword-only) argument"
    r"|.*(?:module|type object) '[^']*' has no attribute"
)
_ASSERTS = re.compile(r"assert\b|self\.assert|with (?:pytest\.(?:raises|warns)|self\.assert)\w*\(")
_EXPECTS_ERROR = re.compile(r"with (?:pytest\.raises|self\.assertRaises)")
_SHORT = re.compile(r"^\S[^\n]{0,400}:\d{1,7}: in \w+\n[ ]{4}(\S.*)$", re.MULTILINE)


def fails_on_the_way(message: str, line: str, above: str = "") -> bool:
    """Whether a test whose failed line is an assertion met an error on the way to the comparison.

    The error is then what the code does: a test that only calls has no such line. `above` is the
    line that the failed one is in a block of.
    """
    within = above.endswith("(") and _ASSERTS.match(above)
    expects = _ASSERTS.match(line) or within or _EXPECTS_ERROR.match(above)
    return expects is not None and _NOTHING_THERE.match(message) is None


def failed_line(text: str) -> tuple[str, str]:
    """The line of the test that failed, as pytest shows it, and the one that its block begins with;
    "" where there is none.
    """
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith(">")), None)
    if at is None:
        short = _SHORT.search(text)
        return (short[1], "") if short else ("", "")
    failed = " " + lines[at][1:]
    depth = _indentation(failed)
    outer = (line for line in reversed(lines[:at]) if line.strip() and _indentation(line) < depth)
    return failed.strip(), next(outer, "").strip()


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
