"""A function that the task names and that never looks at what it is given."""

import base64
from textwrap import dedent

import pytest

from agentproxy.evidence.doubts.find_doubts import Seen, find_doubts
from agentproxy.evidence.doubts.read_sources import read_sources
from agentproxy.evidence.doubts.source_request import SentFile

TASK = "Add a function `columns(text)` that gives the values of each column"


def encoded(text: str | None) -> str | None:
    return None if text is None else base64.b64encode(dedent(text).encode()).decode()


def doubted(
    after: str, *, path: str = "table.py", before: str | None = "", task: str = TASK
) -> list[str]:
    file = SentFile(path=path, before=encoded(before), after=encoded(after), is_test=False)
    found = find_doubts(task, Seen(sources=read_sources([file])))
    return [each.text for each in found if each.kind == "ignores_input"]


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("table.py", "def columns(text):\n    return {}\n"),
        ("table.py", 'def columns(text):\n    """Columns of a text."""\n    pass\n'),
        ("table.py", "async def columns(text, *, sep=','):\n    text = ''\n    return [1]\n"),
        ("table.py", "class Table:\n    def columns(self, text):\n        return self.all\n"),
        ("table.js", "export function columns(text) { const result = {}; return result; }"),
        ("table.js", "exports.columns = (text, { head = true } = {}) => ({ text: 1 });"),
        ("table.js", "class Table { columns(text) { return this.text; } }"),
        ("table.ts", "export const columns = (text: string): object => { return {} }"),
    ],
)
def test_it_is_named(path: str, after: str) -> None:
    (text,) = doubted(after, path=path)
    assert "columns never looks at what it is given (" in text


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("table.py", "def columns(text):\n    return text.split()\n"),
        ("table.py", "def columns(text, other=None):\n    return other\n"),
        ("table.py", "def columns(text):\n    return [lambda: text]\n"),
        ("table.py", "def columns(text):\n    return dict(locals())\n"),
        ("table.py", "def columns(**options):\n    return make(**options)\n"),
        ("table.py", "def columns():\n    return []\n"),
        ("table.py", "@abstractmethod\ndef columns(text): ...\n"),
        ("table.py", "def columns(text):\n    raise NotImplementedError\n"),
        ("table.py", "def columns(request):\n    return 'ok'\n"),
        ("table.py", "class Empty(Table):\n    def columns(self, text):\n        return []\n"),
        ("table.py", "def helper(text):\n    return []\n"),  # the task does not name it
        ("table.js", "export function columns(text) { return text.split(); }"),
        ("table.js", "function columns(text) { return { text }; }"),
        ("table.js", "function columns(text) { return `${text}`; }"),
        ("table.js", "const columns = ({ text: given }) => [given];"),
        ("table.js", "const columns = text => text;"),
        ("table.js", "function columns(text) { return split(...arguments); }"),
        ("table.js", "class Empty extends Table { columns(text) { return []; } }"),
        ("table.ts", "export function columns(text: string): string[];"),
        ("table.ts", "abstract class Table { abstract columns(text: string): string[] }"),
    ],
)
def test_who_looks_at_it_or_need_not_is_not(path: str, after: str) -> None:
    assert doubted(after, path=path) == []


@pytest.mark.parametrize(
    "task",
    [
        "Add `columns(text)` as a placeholder",
        "Add `columns(text)`, a no-op for now",
        "columns(text) should always answer an empty object",
    ],
)
def test_a_task_may_want_little(task: str) -> None:
    assert doubted("def columns(text):\n    return {}\n", task=task) == []


def test_what_did_so_before_is_not_new() -> None:
    old = "def columns(text):\n    return {}\n"
    assert doubted(f"import re\n{old}", before=old) == []
    moved = [
        SentFile(path="a.py", before=encoded(old), after=encoded(""), is_test=False),
        SentFile(path="b.py", before=None, after=encoded(old), is_test=False),
    ]
    assert read_sources(moved).unused == ()


def test_a_move_that_leaves_the_body_behind_is_named() -> None:
    old = "def format_price(cents):\n    return f'{cents / 100:.2f}'\n"
    moved = [
        SentFile(path="a.py", before=encoded(old), after=encoded(old), is_test=False),
        SentFile(
            path="b.py",
            before=None,
            after=encoded("def format_price(cents):\n    pass\n"),
            is_test=False,
        ),
    ]
    seen = Seen(sources=read_sources(moved))
    task = "Move format_price from a.py into b.py. No behaviour changes."
    assert [each.kind for each in find_doubts(task, seen)] == ["ignores_input"]
