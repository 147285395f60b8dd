"""What a task asks for by name in one list, and a claim leaves out."""

import pytest

from agentproxy.evidence.doubts.requested import find_left_out


def left_out(task: str, added: str, *paths: str) -> list[str]:
    found = find_left_out(task, added=added.splitlines(), paths=paths)
    return [each.written for each in found]


@pytest.mark.parametrize(
    ("task", "added", "missing"),
    [
        ("Add `--json` and `--csv` to the report", "parser.add_argument('--json')", ["--csv"]),
        ("Add --json and --csv", "json = typer.Option()", ["--csv"]),
        ("Implement the functions `add`, `sub` and `mul`.", "def add\ndef mul", ["sub"]),
        ("Add `sub(a, b)`. Also add `div(a, b)`.", "def sub(a, b):", []),
        ("Add `sub(a, b)` and also add `div(a, b)`", "def sub(a, b):", ["div(a, b)"]),
        ("Please:\n1. Add `--json`\n2. Add `--csv`\n", "--csv", ["--json"]),
        ("- `first.py` with the parser\n- `second.py` with the rest\n", "", ["second.py"]),
        ("Add a command 'a.py' and a command 'b.py'", "run a.py", ["b.py"]),
    ],
)
def test_one_of_two_things_is_nowhere(task: str, added: str, missing: list[str]) -> None:
    assert left_out(task, added, "src/first.py") == missing


@pytest.mark.parametrize(
    ("task", "added"),
    [
        ("Add `--dry-run` and `--no-color`", "dry_run: bool\nnoColor: boolean"),
        ("Add `Money.add` and `Money.sub`", "class Money:\n    def add\n    def sub"),
        ("Add `sub` like `add`", "def sub"),  # an example
        ("Add `sub` to `calc.py`", "def sub"),
        ("Add `--json`, without `--csv`", "--json"),
        ("Add `--json` and optionally `--csv`", "--json"),
        ("Do not add `--json` and `--csv`", "--json"),
        ("Add `--json` or `--csv`", "--json"),
        ("Add `slug`: `slug('Ä b')` returns `ae-b`", "def slug"),
        ("Fix `sub` and `add`", "def sub"),  # what is mended may need no line with its name
        ("Rename `add` to `plus` and update `README.md`", "def plus"),
        ("Add `1 + 2` and `sub`", "def sub"),
        ("Add `--json` and `--csv`", "nothing of it"),  # the whole is missing: not for us
        ("1. Add `--json`\n2. If there is time, add `--csv`", "--json"),
        ("- `first.py` is broken\n", ""),
        ("", ""),
    ],
)
def test_what_is_there_or_only_mentioned_is_not_missed(task: str, added: str) -> None:
    assert left_out(task, added, "src/first.py") == []
