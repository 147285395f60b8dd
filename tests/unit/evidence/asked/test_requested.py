"""What a task asks for by name in one list, and a claim leaves out."""

import pytest

from agentproxy.evidence.asked.requested import find_left_out, find_options, is_written_in


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
        (
            "1. Item gets a property `empty`: count is 0. 2. Stock.remove(name) takes one out.",
            "empty",
            ["Stock.remove(name)"],
        ),
        ("Two things: (1) `sub(a, b)` takes b away, (2) `div(a, b)` divides", "sub", ["div(a, b)"]),
        (
            "1) The report has a --json\n2) It is mended for empty files\n3) and a --csv",
            "--json",
            ["--csv"],
        ),
        ("Add a command 'a.py' and a command 'b.py'", "run a.py", ["b.py"]),
        (
            "It should know .webp (image/webp), .avif (image/avif) and .mjs: add them",
            "if (path.endsWith('.webp'))",
            [".avif", ".mjs"],
        ),
        ("Support `.yaml` and `.toml` files", "yaml.load", [".toml"]),
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
        ("1. The property `empty` is new. 2. Get rid of it with `str.strip()`", "empty"),
        ("1. The property `empty` is new. 2. Without `Stock.remove(name)`", "empty"),
        ("Version 1. 5 of them. 2. Add `a(b)` or `c(d)`", "a"),  # no list
        ("It should know .webp and .avif", "webp|avif"),
        ("It should know .webp or .avif", ".webp"),
        ("It reads .webp and .avif", ".webp"),  # as it does today
        ("It should open files like .webp and .avif", ".webp"),
        ("It should call a.webp and b.avif", "webp"),
        ("", ""),
    ],
)
def test_what_is_there_or_only_mentioned_is_not_missed(task: str, added: str) -> None:
    assert left_out(task, added, "src/first.py") == []


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("The command needs an option --tag NAME that lists some", ["--tag"]),
        ("Add the option `--tag`", ["--tag"]),
        ("The report should have a `--json` flag", ["--json"]),
        ("Give `list` a switch --all", ["--all"]),
        ("It fails with the option --cov", []),
        ("Fix the option `--tag`", []),
        ("Add a page that says not to use the option --all", []),
        ("Add a list. The option --all is there", []),
        ("Add colours like the option --color of git", []),
    ],
)
def test_an_option_is_asked_for(task: str, options: list[str]) -> None:
    assert [each.written for each in find_options(task)] == options


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("add('--no-cache')", True),
        ("add('--cache', action=BooleanOptionalAction)", True),
        ("for name in ('no-cache', 'all'): add(f'--{name}')", True),
        ("def build(cache): ...", False),
        ("add('--no-cached')", False),
    ],
)
def test_an_option_is_written_out_or_made_of_its_name(code: str, written: bool) -> None:
    (option,) = find_options("Add a `--no-cache` option to the build command")
    assert is_written_in(option, code) is written
