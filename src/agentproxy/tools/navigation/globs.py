"""Patterns of paths: `*.py`, `src/**/*.ts`. Pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

MAX_CHARACTERS = 500
MAX_PARTS = 30


class BadGlob(ValueError):
    """A pattern that matches nothing inside a workspace. The text says why."""


def parts_of(glob: str) -> tuple[str, ...]:
    """Returns the parts of a pattern; none for all files. Raises BadGlob.

    A pattern without a folder means a name at any depth.
    """
    if len(glob) > MAX_CHARACTERS or glob.count("/") >= MAX_PARTS:
        raise BadGlob("the pattern is too long")
    if glob.startswith(("/", "~")) or ".." in glob.split("/") or "\\" in glob or "\0" in glob:
        raise BadGlob(f"Path escapes workspace: {glob}")
    parts = tuple(part for part in glob.split("/") if part not in ("", "."))
    if glob.endswith("/"):
        parts = (*parts, "**")
    return ("**", *parts) if len(parts) == 1 else parts


def matches(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Returns whether a path, as its names, matches the parts of a pattern."""
    if not parts:
        return True
    # Of each place in the path: whether the parts so far match up to it. No step goes back.
    reached = [True, *([False] * len(names))]
    for part in parts:
        if part == "**":
            first = next((place for place, is_reached in enumerate(reached) if is_reached), None)
            reached = [first is not None and place >= first for place in range(len(names) + 1)]
        else:
            fits = [fnmatchcase(name, part) for name in names]
            reached = [False, *(a and b for a, b in zip(reached, fits, strict=False))]
    return reached[-1]
