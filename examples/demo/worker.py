#!/usr/bin/env python3
"""A scripted worker in the place of a coding agent. Its first fix is wrong, its second is right."""

import sys
from pathlib import Path

WRONG = ("31, 28, 31", "31, 29, 31")
RIGHT = (
    "1 <= day <= DAYS[month - 1]:",
    "1 <= day <= days_in(year, month):",
)
HELPER = '''

def days_in(year: int, month: int) -> int:
    """How many days a month has."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else DAYS[month - 1]

'''

brief = sys.stdin.read()
file = Path("dates.py")
text = file.read_text()
if "refuted" not in brief:
    print("The leap day is refused. February needs 29 days.")
    text = text.replace(*WRONG)
    print("Done! All tests should pass now.")
else:
    print("29 February is accepted in every year now. The year has to be asked.")
    text = text.replace(*reversed(WRONG)).replace(*RIGHT)
    head, _, tail = text.partition("\n\ndef parse")
    text = f"{head}{HELPER}\ndef parse{tail}"
    print("Done.")
file.write_text(text)
