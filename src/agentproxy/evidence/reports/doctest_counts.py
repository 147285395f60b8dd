"""How many examples `python -m doctest` has run, which prints nothing where all pass. Pure."""

import re
from collections.abc import Mapping

IS_COUNT = re.compile(r"doctest-[\d-]+\.txt")
_COUNT = re.compile(rb"\d{1,9}\n")


def count_examples(reports: Mapping[str, bytes]) -> int | None:
    """The examples of all runs, None where doctest was not run or does not say."""
    counts = [content for name, content in reports.items() if IS_COUNT.fullmatch(name)]
    if not counts or not all(map(_COUNT.fullmatch, counts)):
        return None
    return sum(map(int, counts))
