"""The lines that a change adds. Pure."""

from collections import Counter

MAX_LINE_CHARACTERS = 2_000  # longer lines are data or generated code


def added_lines(before: str, after: str) -> list[str]:
    """The lines of a change that the old text has not, or not so often; without very long ones."""
    # Not difflib: repeated lines make it cubic, and here no order counts.
    left = Counter(before.splitlines())
    added: list[str] = []
    for line in after.splitlines():
        left[line] -= 1
        if left[line] < 0 and len(line) <= MAX_LINE_CHARACTERS:
            added.append(line)
    return added
