"""Dates as people write them: `2024-02-29` and `29.2.2024`."""

import re
from datetime import date

DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def parse(text: str) -> date:
    """The date that a text names; ValueError when there is no such day."""
    if match := ISO.fullmatch(text.strip()):
        year, month, day = map(int, match.groups())
    elif match := DOTTED.fullmatch(text.strip()):
        day, month, year = map(int, match.groups())
    else:
        raise ValueError(f"not a date: {text!r}")
    if not 1 <= month <= 12 or not 1 <= day <= DAYS[month - 1]:
        raise ValueError(f"no such day: {text!r}")
    return date(year, month, day)
