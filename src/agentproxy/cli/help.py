"""The page of `pa --help`. It avoids click, which is slow to import."""

import os
import sys
from collections.abc import Iterable, Mapping

ABOUT = (
    "Supervise a coding agent on TASK, and prove what it claims.",
    "The worker gets its own clone in a sandbox. Its claim is checked in a clean checkout. "
    "Your working tree, index, branches and configuration stay unchanged. After pa init, a run "
    "writes its own lines in .agentproxy/session/tasks.md.",
)
ARGUMENTS = '"TASK" | COMMAND ...'
TASK_OPTIONS = {
    "[TASK]": "",
    "-d, --directory DIR": "Directory for the worker, the checks and their discovery.",
    "--worker WORKER": "command:CMD for any program, builtin, or a configured NAME.",
    "--model MODEL": "The worker's model.",
    "--judge MODEL": "The supervisor's model, which plans, answers and judges; or none.",
    "--budget USD": "Limit for the cost of all models, in US dollars.",
    "--check CMD": "Acceptance check: it proves the task. Repeatable.",
    "--keep CMD": "Regression check: it must not get worse. Repeatable.",
    "--known-red TEST": "A test that may stay red. Repeatable.",
    "--max-rounds INTEGER RANGE": "Limit for the worker's rounds. Default: 3.",
    "--max-time DURATION": "Limit for the worker's total time: 90s, 30m, 2h. Default: 1h.",
    "--from-head": "Leave uncommitted changes out of the base.",
    "--include-untracked": "Include untracked files in the base.",
    "--sandbox [auto|plain]": "plain runs everything without isolation; it is never the default.",
    "--add-screenshot FILE": "Attach an image to the task. Repeatable.",
    "--list-sessions": "Same as pa list.",
    "--set-workdir DIR": "Store DIR as the default for -d.",
    "--show-workdir": "Show the stored default for -d.",
    "-o, --output [rich|plain|json]": "Output format. Default: rich on a terminal, else plain.",
    "--version": "Show the version and exit.",
    "-h, --help": "Show this message and exit.",
}
# click writes the range of a number behind its help text.
RANGES = {"--max-rounds INTEGER RANGE": "  [1<=x<=1000]"}
COMMANDS = {
    "agents": "list the coding agents on this machine; show or add the table for one",
    "answer": "answer a worker's question",
    "apply": "merge a run's claim into your working tree",
    "approve": "approve a worker's permission request",
    "chat": "talk with our own agent: at the terminal, from a pipe, or with one message",
    "context": "list the documents for the worker and the supervisor, and their size",
    "deny": "deny a worker's permission request",
    "doctor": "check this machine, with -d also a project's checks; with cures",
    "evidence": "show a run's evidence; --verify the chain, --rerun the checks",
    "init": "write commented starter files for the project, its guidance and the session",
    "list": "list the newest runs of all repositories",
    "mcp": "list the MCP servers of conversations; approve one and its tools",
    "message": "send a worker a message",
    "models": "list the models, their prices, and what each one needs",
    "resume": "continue a run",
    "serve": "serve conversations and supervised runs over HTTP and WebSocket",
    "show": "show one run, from its start to its current state",
    "stop": "end a run for good",
    "trust": "trust this repository's configuration in its current form",
}
EXAMPLES = """\
Examples:
  pa --worker 'command:my-agent' --check 'pytest -q' "Fix the failing date parser"
  pa --budget 2 "Add a --json flag to the export command"     needs a vendor's key
  pa -d services/api --keep 'npm test' "Rename the health route"
  pa agents add codex         let an installed agent be the worker: pa --worker codex "TASK"
  pa list                     list runs and their status
  pa apply RUN                merge a claim into your working tree, without a commit
  pa -- show                  run a task that is named like a command

Exit codes:
  0 verified   1 refuted   2 usage error   3 unverified   4 a human must decide
  5 limit reached   6 infrastructure   130 interrupted
"""
MAX_TERM = 30  # columns of an option; a longer one has a line of its own


def asks_for_help(arguments: list[str], environ: Mapping[str, str]) -> bool:
    # With the variable set, a shell asks for completions.
    return arguments in (["--help"], ["-h"]) and "_PA_COMPLETE" not in environ


def print_help() -> int:
    sys.stdout.write(help_page(help_width()))
    return 0


def help_width() -> int:
    # click asks `shutil` for the width, which is slow to import.
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (ValueError, OSError):
        columns = 82  # not a terminal: 80 columns of text
    return max(min(columns, 100) - 2, 50)


def help_page(width: int) -> str:
    """Lays out `width` columns as click does."""
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
