"""`.agentproxy/session/tasks.md`: the session's tasks, a list that people and runs share.

A run changes and appends only lines that end with its own number: `- [x] TEXT (run NUMBER: NOTE)`.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.supervisor.contexts.reading import HOME, MAX_NAMES, comments_of

TaskStatus = Literal["pending", "in_progress", "done", "blocked"]
MARKS: dict[TaskStatus, str] = {"pending": " ", "in_progress": "~", "done": "x", "blocked": "!"}
STATUS: dict[str, TaskStatus] = {**{mark: status for status, mark in MARKS.items()}, "X": "done"}
SESSION = f"{HOME}/session"
FILE = f"{SESSION}/tasks.md"
MAX_TASK_LIST_BYTES = 1 << 20
MAX_TASK_CHARACTERS = 500  # of a text or a note
_ITEM = re.compile(r"(?P<before>[ \t]*[-*+] \[)(?P<mark>[ ~xX!])\] (?P<text>\S.*)")
_OF_A_RUN = re.compile(r"(?P<text>.*) \(run (?P<run>[^\s():]+): (?P<note>[^()]*)\)[ \t]*")


@dataclass(frozen=True, slots=True)
class SessionTask:
    """One task of the session. `run` and `note` are "" for a task that a person wrote."""

    text: str
    status: TaskStatus
    note: str = ""
    run: str = ""


def parse(text: str) -> tuple[SessionTask, ...]:
    """Returns the tasks of a list. Tasks in comments do not count."""
    return tuple(task for _, task, _ in _lines(text) if task is not None)


def updated(text: str, *, run: str, tasks: Sequence[SessionTask]) -> str:
    """Returns the list with these tasks of a run. Other lines stay as they are. Idempotent."""
    # Of tasks with the same text, the last counts.
    wanted = {line_text: each for each in tasks if (line_text := _one_line(each.text))}
    ending = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
    written: set[str] = set()
    lines: list[str] = []
    for line, task, before in _lines(text):
        new = wanted.get(task.text) if task is not None and task.run == run else None
        if task is None or new is None:
            lines.append(line)
        else:
            written.add(task.text)
            rest = "\r" if line.endswith("\r") else ""
            lines.append(_written(before, task.text, run=run, task=new) + rest)
    kept = "\n".join(lines)
    if kept and not kept.endswith("\n") and written != set(wanted):
        kept += ending
    new_lines = [
        _written("- [", line_text, run=run, task=task) + ending
        for line_text, task in wanted.items()
        if line_text not in written
    ]
    return kept + "".join(new_lines)


def read_list(root: Path) -> str | None:
    """Returns the list, or "" if the file does not exist yet. Blocking.

    None: a run must not change it. The folder is missing, or the text could not be preserved.
    """
    try:
        with SafeDir(root, links=False) as opened:
            opened.entries(SESSION, most=MAX_NAMES)
            try:
                return opened.read(FILE, limit=MAX_TASK_LIST_BYTES).decode()
            except FileNotFoundError:
                return ""
    except (BadPath, OSError, UnicodeDecodeError):
        return None


def write_status(root: Path, text: str) -> bool:
    """Writes the list into the session folder, or returns False without one. Blocking.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        with SafeDir(root, links=False) as opened:
            # The folder is never made: a person makes it to ask for the list (decision 8).
            opened.write(FILE, text.encode(), make_parents=False)
    except (FileNotFoundError, BadPath):
        return False
    return True


def _lines(text: str) -> Iterator[tuple[str, SessionTask | None, str]]:
    """Yields each line without its newline, its task or None, and the text before the mark."""
    hidden = deque(comments_of(text))
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        while hidden and hidden[0][1] <= start:
            hidden.popleft()
        item = None
        if not (hidden and hidden[0][0] < end):
            item = _ITEM.fullmatch(line.removesuffix("\r"))
        yield line, _task(item) if item else None, item["before"] if item else ""
        start = end + 1


def _task(item: re.Match[str]) -> SessionTask:
    status = STATUS[item["mark"]]
    of_a_run = _OF_A_RUN.fullmatch(item["text"])
    if of_a_run is None:
        return SessionTask(item["text"].strip(), status)
    return SessionTask(of_a_run["text"], status, note=of_a_run["note"], run=of_a_run["run"])


def _written(before: str, text: str, *, run: str, task: SessionTask) -> str:
    note = _one_line(task.note).replace("(", "[").replace(")", "]")
    shown = note or task.status.replace("_", " ")
    return f"{before}{MARKS[task.status]}] {text} (run {run}: {shown})"


def _one_line(text: str) -> str:
    # A task must not begin or end a comment of the list.
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    plain = " ".join(shown.split()).replace("<!--", "<!- -").replace("-->", "- ->")
    return (
        plain
        if len(plain) <= MAX_TASK_CHARACTERS
        else plain[: MAX_TASK_CHARACTERS - 1].rstrip() + "…"
    )
