"""The words of `pa --help`, and its page. It needs nothing of click, which is slow to import."""

import os
import sys
from collections.abc import Iterable, Mapping

ABOUT = (
    "Supervise a coding agent on TASK, and prove what it claims.",
    "The worker gets a clone of its own in a sandbox; its claim is checked in a clean checkout; "
    "your tree, index, branches and configuration stay as they are. After pa init, a run keeps its "
    "own lines in .agentproxy/session/tasks.md.",
)
ARGUMENTS = '"TASK" | COMMAND ...'
TASK_OPTIONS = {
    "[TASK]": "",
    "-d, --directory DIR": "Work in DIR: the directory of checks, discovery and worker.",
    "--worker WORKER": "NAME, command:CMD for any program, or builtin.",
    "--model MODEL": "What the worker thinks with.",
    "--judge MODEL": "What the supervisor plans, answers and judges with, or none.",
    "--budget USD": "US dollars that models may cost in all.",
    "--check CMD": "Proves the task. Repeatable.",
    "--keep CMD": "Must not get worse. Repeatable.",
    "--known-red TEST": "A test that may stay red. Repeatable.",
    "--max-rounds INTEGER RANGE": "Rounds of the worker. Default: 3.",
    "--max-time DURATION": "The worker's time in all: 90s, 30m, 2h.",
    "--from-head": "Leave uncommitted changes out of the base.",
    "--include-untracked": "Take untracked files into the base.",
    "--sandbox [auto|plain]": "plain runs everything unprotected; never chosen for you.",
    "--add-screenshot FILE": "Attach an image to the task. Repeatable.",
    "--list-sessions": "The same as pa list.",
    "--set-workdir DIR": "Store the default for -d.",
    "--show-workdir": "Show the stored default for -d.",
    "-o, --output [rich|plain|json]": "How to show things. Default: rich on a terminal, "
    "else plain.",
    "--version": "Show the version and exit.",
    "-h, --help": "Show this message and exit.",
}
RANGES = {"--max-rounds INTEGER RANGE": "  [1<=x<=1000]"}
COMMANDS = {
    "answer": "answer a worker's question",
    "apply": "merge a run's claim into your present tree",
    "approve": "let a worker do what it asked for",
    "context": "what is given to the worker and to the supervisor, and how much it is",
    "deny": "refuse what a worker asked for",
    "doctor": "what is installed, which sandbox works, what to do about each gap",
    "evidence": "what was run and seen; --verify the chain, --rerun the checks",
    "init": "write commented first files for the project, its guidance and the session",
    "list": "the newest runs of all repositories",
    "models": "which models can be asked, and what each costs",
    "resume": "go on with a run",
    "show": "one run, from its beginning to where it stands",
    "stop": "end a run",
    "trust": "trust this repository's configuration as it is now",
}
EXAMPLES = """\
Examples:
  pa --worker 'command:my-agent' --check 'pytest -q' "Fix the failing date parser"
  pa --budget 2 "Add a --json flag to the export command"     with a vendor's key set
  pa -d services/api --keep 'npm test' "Rename the health route"
  pa list                     what has run, and how it ended
  pa apply RUN                merge a claim into your present tree, without a commit
  pa -- show                  a task that is called like a command

Exit codes:
  0 verified   1 refuted   2 usage   3 unverified   4 waits for a human
  5 ceiling reached   6 infrastructure   130 interrupted
"""
MAX_TERM = 30  # columns of an option; a longer one has a line of its own


def asks_for_help(arguments: list[str], environ: Mapping[str, str]) -> bool:
    """Whether the page is all that is asked for. With the variable, a shell asks for words."""
    return arguments in (["--help"], ["-h"]) and "_PA_COMPLETE" not in environ


def print_help() -> int:
    """Print the page on standard output; the exit code."""
    sys.stdout.write(help_page(help_width()))
    return 0


def help_width() -> int:
    """Columns for help: what the terminal has, 100 at most; click asks a slow module for it."""
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (ValueError, OSError):
        columns = 82
    return max(min(columns, 100) - 2, 50)


def help_page(width: int) -> str:
    """The page in lines of at most `width` columns, laid out as click lays out other pages."""
    paragraphs = (_wrapped(text, width, indent="  ") for text in ABOUT)
    options = ((term, text + RANGES.get(term, "")) for term, text in TASK_OPTIONS.items())
    parts = [
        f"Usage: pa [OPTIONS] {ARGUMENTS}",
        *paragraphs,
        "Options of a task:\n" + _definitions(options, width),
        "Commands:\n" + _definitions(COMMANDS.items(), width),
        EXAMPLES,
    ]
    return "\n\n".join(parts)


def _definitions(rows: Iterable[tuple[str, str]], width: int) -> str:
    rows = list(rows)
    column = min(max(len(term) for term, _ in rows), MAX_TERM) + 2
    gap = " " * (column + 2)
    lines: list[str] = []
    for term, text in rows:
        wrapped = _wrapped(text, width, indent=gap)
        fits = len(term) <= column - 2
        lines.append(
            f"  {term:{column}}{wrapped[column + 2 :]}" if fits else f"  {term}\n{wrapped}"
        )
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(text: str, width: int, *, indent: str) -> str:
    import textwrap

    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)
