"""Cheap facts that keep a proof by the claim's own tests from counting."""

import pytest
from support.results import modified

from agentproxy.events.git_facts import Change
from agentproxy.evidence.doubts.find_doubts import Seen, find_doubts, find_stand_ins

Texts = dict[str, tuple[str, str]]


def kinds(
    *changes: Change, task: str = "Add a report", texts: Texts | None = None, functions: str = ""
) -> list[tuple[str, str]]:
    found = [
        *find_doubts(task, Seen(changes, texts or {})),
        *find_stand_ins(texts or {}, functions.split()),
    ]
    return [(each.kind, each.path) for each in found]


def deleted(path: str) -> Change:
    return Change(path=path, status="deleted", removed=9)


def added(path: str) -> Change:
    return Change(path=path, status="added", added=9)


def test_a_plain_change_raises_no_doubt() -> None:
    texts = {
        "src/a.py": ("x = 1\n", "x = 2\ntoken = read(token_file)\n"),
        "tests/test_a.py": ("", "def test_report():\n    assert report() == 'sk-' + 20 * '1'\n"),
    }
    assert kinds(*modified("src/a.py", "tests/test_a.py"), texts=texts, functions="report") == []


@pytest.mark.parametrize(
    ("changes", "task", "doubted"),
    [
        ((deleted("src/users.py"),), "Add a report", True),
        ((deleted("src/users.py"),), "Remove users", False),
        ((deleted("src/users.py"),), "Take src/users.py out", False),
        ((deleted("tests/test_users.py"),), "Add a report", False),
    ],
)
def test_a_file_is_deleted_that_the_task_does_not_name(
    changes: tuple[Change, ...], task: str, doubted: bool
) -> None:
    assert kinds(*changes, task=task) == ([("destroys", "src/users.py")] if doubted else [])


def test_what_makes_a_folder_a_package_goes_with_the_last_file_that_the_task_names() -> None:
    gone = (deleted("vendor/__init__.py"), deleted("vendor/minitoml.py"))
    assert kinds(*gone, task="Remove vendor/minitoml.py") == []
    assert kinds(*gone, task="Remove minitoml") == []
    assert kinds(gone[0], task="Remove minitoml") == [("destroys", "vendor/__init__.py")]


def test_a_file_that_was_moved_is_not_deleted_but_one_of_its_name_elsewhere_is() -> None:
    changes = (deleted("billing/models.py"), added("feature/models.py"))
    lines = "class A: ...\nclass B: ...\n"
    moved = {"billing/models.py": (lines, ""), "feature/models.py": ("", f"import re\n{lines}")}
    assert kinds(*changes, texts=moved) == []
    other = {"billing/models.py": (lines, ""), "feature/models.py": ("", "import re\n")}
    assert kinds(*changes, texts=other) == [("destroys", "billing/models.py")]


@pytest.mark.parametrize("path", [".env", "web/.env.local", "deploy/server.pem", ".ssh/id_rsa"])
def test_a_file_of_secrets_is_added(path: str) -> None:
    assert kinds(added(path)) == [("adds_secret", path)]


@pytest.mark.parametrize("path", [".env.example", "docs/keys.md", "src/env.py"])
def test_what_only_sounds_like_a_secret_is_none(path: str) -> None:
    assert kinds(added(path)) == []


def test_an_added_line_holds_the_key_of_a_vendor() -> None:
    key = "ghp_" + 36 * "a1"[:1]
    texts = {"src/a.py": (f"OLD = '{key}'\n", f"OLD = '{key}'\nNEW = 1\n")}
    assert kinds(texts=texts) == []
    texts = {"src/a.py": ("", f"NEW = '{key}'\n")}
    assert kinds(texts=texts) == [("adds_secret", "src/a.py")]


@pytest.mark.parametrize(
    "line",
    [
        "@patch('app.report')",
        "with mock.patch.object(app, 'report', fake):",
        "monkeypatch.setattr(app, 'report', fake)",
        "monkeypatch.setattr('app.report', fake)",
        "app.report = lambda: 1",
        "jest.spyOn(app, 'report').mockReturnValue(1)",
    ],
)
def test_a_test_replaces_the_function_that_changed(line: str) -> None:
    texts = {"tests/test_a.py": ("import app\n", f"import app\n{line}\n")}
    doubt = [("replaces_change", "tests/test_a.py")]
    assert kinds(texts=texts, functions="Page.report") == doubt
    assert kinds(texts=texts, functions="reporter") == []


def test_comparing_or_calling_the_function_replaces_nothing() -> None:
    lines = (
        "app.report == 1\nassert app.report() == 1\nvalue = app.report\napp.report = 5\n"
        "client.patch('/items/report')\nreplace(cfg, report='x')\njest.spyOn(app, 'report')\n"
    )
    texts = {"tests/test_a.py": ("", lines)}
    assert kinds(texts=texts, functions="report") == []
