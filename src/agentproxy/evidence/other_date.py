"""Runs a check as if it were another date, with libfaketime where it is installed."""

import re
from collections.abc import Iterable
from pathlib import Path

from agentproxy.events.check import Tree
from agentproxy.events.contract import Check

DAYS_LATER = 400  # another year, month, day and weekday
HOURS_LATER = 5
# Where packages of Linux distributions put it. The sandbox shows these folders.
_PLACES = ("lib/*/faketime", "lib/faketime", "lib64/faketime")
_LIBRARY = "libfaketimeMT.so.1"
_CLOCK = re.compile(
    r"\b(?:now|today|utcnow|utcfromtimestamp|fromtimestamp|localtime|gmtime|strftime|moment|dayjs)\("
    r"|\btime\.time\b|\bnew Date\b|\bDate\.now\b|\bTemporal\.|\bdatetime\b|\.now\b"
    r"|\b20[1-3]\d\b"
)


def mentions_clock(lines: Iterable[str]) -> bool:
    """Whether code reads the clock, or holds a year of this century. Pure."""
    return any(_CLOCK.search(line) for line in lines)


def find_clock_library(prefix: Path = Path("/usr")) -> str:
    """The path of libfaketime, for programs with threads; "" where it is not installed."""
    found = (path for place in _PLACES for path in sorted(prefix.glob(f"{place}/{_LIBRARY}")))
    return str(next(found, ""))


def as_run_on(tree: Tree, check: Check, library: str) -> Check:
    """The check as it runs on a tree: "later" is a claim at another date."""
    if tree.kind != "later" or not library:
        return check
    faked = {
        "LD_PRELOAD": library,
        "FAKETIME": f"+{DAYS_LATER * 24 + HOURS_LATER}h",
        # Time limits and durations go on as they are. Versions differ in the name of the variable.
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    return check.model_copy(update={"env": {**check.env, **faked}})
