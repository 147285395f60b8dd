"""The code of a change without the words of its author, as a judge sees it. Pure.

A comment is a worker's word: it counts neither way (decision 1) and may instruct the judge.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentproxy.evidence.test_files import is_test_file
from agentproxy.supervisor.llm.strip_comments import (
    Language,
    NotShown,
    language_of,
    strip_comments,
    without_long_names,
)
from agentproxy.text.unseen import visible

MAX_CODE_CHARACTERS = 240_000  # of all files; a hostile file of this size takes seconds
CONTEXT_LINES = 3  # unchanged lines shown before and after a changed line
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_LONGEST_PATH = 120
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass
class ChangedFile:
    """One file of a diff. Each line has its sign: " ", "-" or "+"."""

    path: str
    lines: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(frozen=True, slots=True)
class DiffWithoutComments:
    shown: str
    added: str
    removed: str


def strip_diff(diff: str, *, of_tests: bool = False) -> DiffWithoutComments:
    """Returns the code of a change, or of its tests. Comments are found best if the diff has whole
    files.

    A file that is too large or exceeds the limit for all files is named and not shown.
    """
    shown: list[str] = []
    added: list[str] = []
    removed: list[str] = []
    left = MAX_CODE_CHARACTERS
    for number, file in enumerate(changed_files(diff), start=1):
        language = language_of(file.path)
        if language is None or is_test_file(file.path) != of_tests:
            continue
        name = _name(file.path, number)
        try:
            lines = _strip_sides(file.lines, language, most=left)
        except NotShown as reason:
            shown += [f"{name} is not shown: {reason}", ""]
            continue
        left -= _size(file.lines)
        shown += [f"{name}:", *_near(lines), ""]
        added += [text for sign, text in lines if sign == "+"]
        removed += [text for sign, text in lines if sign == "-"]
    return DiffWithoutComments("\n".join(shown), "\n".join(added), "\n".join(removed))


def changed_files(diff: str) -> Iterator[ChangedFile]:
    file: ChangedFile | None = None
    old = new = 0
    for line in diff.split("\n"):
        # A line within a hunk belongs to the file, even if it looks like a header.
        if old > 0 or new > 0:
            sign, text = (line[:1] or " "), visible(line[1:])
            old -= sign in " -"
            new -= sign in " +"
            if file is not None and sign in " +-":
                file.lines.append((sign, text))
        elif found := _HUNK.match(line):
            old, new = (int(count) if count is not None else 1 for count in found.groups())
        elif line.startswith("diff --git "):
            if file is not None:
                yield file
            file = ChangedFile(_path(line))
    if file is not None:
        yield file


def _path(header: str) -> str:
    # The header is `diff --git a/x b/x`. Git quotes an unusual path.
    names = header.removeprefix("diff --git ")
    half = names[: len(names) // 2].strip('"')
    return half[2:]


def _strip_sides(
    lines: list[tuple[str, str]], language: Language, *, most: int
) -> list[tuple[str, str]]:
    if _size(lines) > most:
        raise NotShown("the change is too large")
    # Each side is read as a whole file: a comment may begin far above the changed line.
    sides = {
        sign: iter(strip_comments([text for each, text in lines if each in (" ", sign)], language))
        for sign in "+-"
    }
    found: list[tuple[str, str]] = []
    for sign, _ in lines:
        if sign == " ":
            next(sides["-"])
        found.append((sign, next(sides["-" if sign == "-" else "+"]).rstrip()))
    return found


def _size(lines: list[tuple[str, str]]) -> int:
    return sum(len(text) for _, text in lines)


def _near(lines: list[tuple[str, str]]) -> Iterator[str]:
    changed = [number for number, (sign, _) in enumerate(lines) if sign != " "]
    reach = range(-CONTEXT_LINES, CONTEXT_LINES + 1)
    wanted = {number + distance for number in changed for distance in reach}
    last = -1
    for number, (sign, text) in enumerate(lines):
        if number not in wanted or not text.strip():
            continue
        if 0 <= last < number - 1 and not {*range(last + 1, number)} <= wanted:
            yield " ..."
        last = number
        yield f"{sign}{text}"


def _name(path: str, number: int) -> str:
    # A file name can be a sentence. Only a plain, short path is shown.
    fine = len(path) <= _LONGEST_PATH and _PLAIN_PATH.fullmatch(path)
    if fine and all(without_long_names(part) == part for part in path.split("/")):
        return path
    return f"file {number}"
