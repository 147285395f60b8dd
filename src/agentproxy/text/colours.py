"""Terminal colours in a program's output; pure."""

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def strip_colours(text: str) -> str:
    return _COLOURS.sub("", text)
