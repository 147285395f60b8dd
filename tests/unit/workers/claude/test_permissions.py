"""What a call of Claude Code asks for."""

import pytest

from agentproxy.workers.claude.permissions import OwnPlaces, permission_for, questions_of

OWN = OwnPlaces(
    folders=("/home/agent/.claude", "/run/agentproxy/brief"),
    readable=("/shared/api",),
    servers={"docs"},
)
UP = "/home/agent/.claude/../.ssh/id"
ASKED: list[tuple[str, dict[str, object], str, str]] = [
    ("Bash", {"command": "ls"}, "run", "ls"),
    ("Bash", {}, "run", ""),
    ("Bash", {"command": ["ls"]}, "run", ""),
    ("Monitor", {"command": "tail -f x"}, "run", "tail -f x"),
    ("Read", {"file_path": "/p/a.py"}, "read", "/p/a.py"),
    ("Read", {"file_path": UP}, "read", UP),
    ("Read", {"file_path": "/home/agent/.claudex"}, "read", "/home/agent/.claudex"),
    ("Grep", {"pattern": "x"}, "read", "."),
    ("Glob", {"pattern": "*", "path": "/etc"}, "read", "/etc"),
    ("Write", {"file_path": "/p/a.py", "content": "x"}, "write", "/p/a.py"),
    ("Write", {"file_path": "/shared/api/x"}, "write", "/shared/api/x"),
    ("Edit", {"file_path": "/p/a.py"}, "write", "/p/a.py"),
    ("NotebookEdit", {"notebook_path": "/p/a.ipynb"}, "write", "/p/a.ipynb"),
    ("WebFetch", {"url": "https://example.com"}, "network", "https://example.com"),
    ("WebSearch", {"query": "dates"}, "network", "dates"),
    # What nobody has heard of is for a person.
    ("Teleport", {"to": "moon"}, "", "Teleport"),
    ("mcp__other__read", {}, "", "mcp__other__read"),
    ("mcp__docs_evil__read", {}, "", "mcp__docs_evil__read"),
]  # fmt: skip
FREE: list[tuple[str, dict[str, object]]] = [
    ("Task", {"prompt": "look"}),
    ("Agent", {"prompt": "look"}),
    ("TaskCreate", {}),
    ("Skill", {}),
    ("AskUserQuestion", {"questions": []}),
    ("mcp__docs__search", {"query": "x"}),
    ("Read", {"file_path": "/home/agent/.claude/projects/x/tool-results/1.txt"}),
    ("Read", {"file_path": "/shared/api/dates.md"}),
    ("Grep", {"pattern": "x", "path": "/shared/api"}),
    ("Read", {"file_path": "/run/agentproxy/brief/screenshots/1.png"}),
]


@pytest.mark.parametrize(("tool", "given", "action", "subject"), ASKED)
def test_a_call_asks_for_what_it_does(
    tool: str, given: dict[str, object], action: str, subject: str
) -> None:
    request = permission_for(tool, given, key="1.c1", own=OWN)
    assert request is not None
    assert (request.kind, request.action, request.subject) == ("permission", action, subject)
    assert (request.id, request.told) == ("1.c1", True)


@pytest.mark.parametrize(("tool", "given"), FREE)
def test_some_calls_need_no_permission(tool: str, given: dict[str, object]) -> None:
    assert permission_for(tool, given, key="1.c1", own=OWN) is None


def test_each_question_of_a_call_is_a_request_with_its_options() -> None:
    options = [{"label": "Plus", "description": "a"}, {"label": "Minus"}, {"no": "label"}, 3]
    given = {"questions": [{"question": "Which?", "options": options}, {"question": "Why?"}]}
    first, second = questions_of(given, key="1.c1")
    assert (first.asked, first.request.id, first.request.options) == (
        "Which?",
        "1.c1.1",
        ("Plus", "Minus"),
    )
    assert (second.request.text, second.request.options) == ("Why?", ())


@pytest.mark.parametrize("questions", [None, "Which?", {}, [1, "two"]])
def test_questions_of_a_strange_form_are_none(questions: object) -> None:
    assert questions_of({"questions": questions}, key="1.c1") == []
