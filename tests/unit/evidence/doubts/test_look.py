"""A claim is looked at as a whole: what its changed files and the rest of its tree say."""

from pathlib import Path

import pytest
from support.repositories import commit_all, make_repository, opened, run, user_git, write

from agentproxy.events.git_facts import Change
from agentproxy.evidence.doubts.look import Look, look_for_doubts, read_sources_apart
from agentproxy.evidence.doubts.source_request import SourceAnswer
from agentproxy.workspace.trees.variants import read_versions

Files = dict[str, str]

BASE = {
    "lib.py": "def total(rows):\n    return sum(rows)\n",
    "cli.py": "from lib import total\n\n\ndef main(args):\n    print(total(args))\n",
    "README.md": "# Lib\n",
    "tests/broken.py": "def f(:\n",
}
NEW = {
    "lib.py": BASE["lib.py"] + "\n\ndef export_csv(rows):\n    return ','.join(rows)\n",
    "tests/test_lib.py": "from lib import export_csv\n\n\ndef test_it():\n    export_csv([])\n",
}


def doubts(folder: Path, task: str, claim: Files, *, base: Files | None = None) -> list[str]:
    root = make_repository(folder / "project", {**BASE, **(base or {})})
    first = user_git(root, "rev-parse", "HEAD").decode().strip()
    write(root, claim)
    second = commit_all(root)
    repository = opened(root)
    versions = run(read_versions(repository, list(claim), base=first, claim=second, most=1 << 20))
    look = Look(
        task=task,
        base=first,
        claim=second,
        changes=[
            Change(path=path, status="added" if each.before is None else "modified")
            for path, each in versions.items()
        ],
        versions=versions,
        sources=read_sources_apart(versions),
    )
    return [each.text for each in run(look_for_doubts(repository, look))]


def test_a_command_that_nothing_can_call_is_named(tmp_path: Path) -> None:
    assert doubts(tmp_path, "Add a command that exports the rows", NEW) == [
        "only tests use export_csv, and nothing that a person calls"
    ]


@pytest.mark.parametrize(
    ("task", "base"),
    [
        ("Add `export_csv`, for the command to come", {}),  # asked for by its name
        ("Add exportCsv to the options of the library", {}),
        ("Give the library an export of rows", {}),  # nobody asked for a command
        ("Add a command", {"plugins.toml": "csv = 'lib:export_csv'\n"}),
        ("Add a command", {"shell.py": "getattr(lib, 'export_csv')\n"}),
        # a table finds functions of this kind by their names
        ("Add a command", {"lib.py": BASE["lib.py"] + "\n\ndef export_xml(rows): ...\n"}),
    ],
)
def test_what_is_asked_for_or_found_by_others_is_not(
    tmp_path: Path, task: str, base: Files
) -> None:
    claim = {**NEW, "lib.py": base.get("lib.py", BASE["lib.py"]) + NEW["lib.py"]}
    assert doubts(tmp_path, task, claim, base=base) == []


def test_an_option_that_is_nowhere_is_named_and_one_that_was_there_is_not(tmp_path: Path) -> None:
    task = "Add `--csv` and `--no-head` to `export_csv`"
    claim = {"cli.py": BASE["cli.py"] + "CSV = '--csv'\n"}
    assert doubts(tmp_path / "a", task, claim) == [
        "the task asks for --no-head, and no line that the claim adds has it"
    ]
    assert doubts(tmp_path / "b", task, claim, base={"old.py": "no_head = True\n"}) == []


def test_a_changed_file_that_no_test_imports_is_parsed(tmp_path: Path) -> None:
    claim = {**NEW, "cli.py": "def main(:\n", "tests/broken.py": "def f((:\n"}
    found = doubts(tmp_path, "Add export_csv", claim)
    assert found == ["cli.py cannot be parsed: invalid syntax (line 1)"]


ERROR = "\n\nclass EmptyError(ValueError):\n    pass\n"
TEST_OF_ERROR = {
    "tests/test_lib.py": "from lib import EmptyError\n\n\ndef test_it():\n    EmptyError()\n"
}


@pytest.mark.parametrize(
    ("task", "code", "expected"),
    [
        ("total should raise an EmptyError", ERROR, ["EmptyError"]),
        ("Raise `EmptyError` instead of 0", ERROR, ["EmptyError"]),
        ("total raises EmptyError", ERROR.replace("pass", "pass\n\n\nraise EmptyError"), []),
        ("Add an EmptyError, for the functions to come", ERROR, []),
    ],
)
def test_an_error_that_is_to_be_raised_and_never_is(
    tmp_path: Path, task: str, code: str, expected: list[str]
) -> None:
    claim = {"lib.py": BASE["lib.py"] + code, **TEST_OF_ERROR}
    assert doubts(tmp_path, task, claim) == [
        f"only tests use {name}, and nothing that a person calls" for name in expected
    ]


def test_a_word_of_a_data_file_is_no_option_that_was_there(tmp_path: Path) -> None:
    claim = {"cli.py": BASE["cli.py"] + "OPTIONS = ['--help']\n"}
    base = {"package.json": '{"version": "1.0.0"}\n'}
    assert doubts(tmp_path, "Add `--help` and `--version`", claim, base=base) == [
        "the task asks for --version, and no line that the claim adds has it"
    ]


BY_FUNCTION = {"lib.py": BASE["lib.py"] + "\n\ndef tagged(rows, tag):\n    return rows[tag]\n"}
NEEDS_OPTION = "The command needs an option --tag NAME that prints one row"


@pytest.mark.parametrize(
    ("base", "claim", "expected"),
    [
        ({}, BY_FUNCTION, ["--tag"]),
        ({}, {"cli.py": BASE["cli.py"] + "OPTIONS = ['--tag']\n"}, []),
        # Known before: the task may mean what it does.
        ({"cli.py": BASE["cli.py"] + "OPTIONS = ['--tag']\n"}, BY_FUNCTION, []),
        ({}, {"cli.py": BASE["cli.py"] + "for name in ('tag', 'all'): add(f'--{name}')\n"}, []),
        # Here a parameter is an option.
        ({"app.py": "import typer\n"}, BY_FUNCTION, []),
        ({}, {"cli.js": "const { tag } = parse(process.argv);\n"}, []),
        ({}, {"cli.js": "const { label } = parse(process.argv);\n"}, ["--tag"]),
    ],
)
def test_an_option_that_is_asked_for_and_written_nowhere_is_named(
    tmp_path: Path, base: Files, claim: Files, expected: list[str]
) -> None:
    said = [
        f"the task asks for {each}, and no line that the claim adds has it" for each in expected
    ]
    found = doubts(tmp_path, NEEDS_OPTION, claim, base=base)
    assert [each for each in found if "asks for" in each] == said


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ({"lib.py": "def total(rows):\n    return len(rows)\n"}, True),
        ({"README.md": "fsum is used, and ValueError raised\n"}, True),
        ({"lib.py": "def total(rows):\n    return fsum(rows or throw())\n"}, False),
    ],
)
def test_an_error_or_a_replacement_that_no_changed_code_has_is_named(
    tmp_path: Path, claim: Files, missing: bool
) -> None:
    task = "Replace sum by math.fsum of the standard library. total should raise ValueError."
    code = {"lib.py": "def total(rows):\n    return sum(list(rows))\n"}
    found = doubts(tmp_path, task, {**code, **claim})
    assert [name in " ".join(found) for name in ("ValueError", "math.fsum")] == 2 * [missing]


def test_what_could_not_be_looked_at_is_said(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", BASE)
    claim = user_git(root, "rev-parse", "HEAD").decode().strip()
    seen = run(
        look_for_doubts(
            opened(root),
            Look(
                task="Add a command",
                base="0" * 40,
                claim=claim,
                changes=[Change(path="new.py", status="added")],
                versions={},
                sources=SourceAnswer(unread=True),
            ),
        )
    )
    said = "it could not be seen what its "
    assert [(each.kind, each.text.startswith(said)) for each in seen] == [("not_seen", True)] * 2
    assert "changed files hold: to read them did not end" in seen[0].text
    assert "added files are loaded in the place of: git ls-tree" in seen[1].text
