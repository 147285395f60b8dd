"""The lines that a change adds. The only definition. Pure."""

from collections import Counter
from collections.abc import Iterable

MAX_LINE_CHARACTERS = 2_000  # longer lines are data or generated code


def added_lines(before: str, after: str) -> list[str]:
    """The lines of a change that the old text has not, or not so often; without very long ones."""
    added = find_added(before.splitlines(), after.splitlines())
    return [line for line in added if len(line) <= MAX_LINE_CHARACTERS]


def find_added(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """The lines that `after` has and `before` has not, or not so often."""
    # Not difflib: repeated lines make it cubic, and here no order counts.
    left = Counter(before)
    added: list[str] = []
    for line in after:
        left[line] -= 1
        if left[line] < 0:
            added.append(line)
    return added
