"""What `pa chat --url` takes for an answer of Agent Proxy."""

import json

import pytest

from agentproxy.cli.chat.answers import CREATED, ROWS, NotOurs, read_answer, read_event

ROW = {"id": "abc", "title": "a", "created_at": "2026-01-01T00:00:00+00:00", "message_count": 1}
TOOL = {"name": "bash", "input": {"command": "ls"}, "id": "1"}
USAGE = {"input_tokens": 1, "output_tokens": 2, "last_input_tokens": 1, "plan_mode": False}
STRANGE = ["{}", "[]", '"ok"', "null", "1", "[1]", "not JSON", b"\xff", "[" * 100_000]


IDS = ['{"conversation_id": 1}', '{"conversation_id": "a/../b"}']


@pytest.mark.parametrize("text", [*STRANGE, *IDS], ids=lambda text: text[:20])
def test_no_new_conversation_is_read_from_something_else(text: str | bytes) -> None:
    with pytest.raises(NotOurs):
        read_answer(text, CREATED)


@pytest.mark.parametrize(
    "changed",
    [
        {"created_at": "yesterday"},
        {"created_at": "0001-01-01T00:00:00+23:59"},
        {"title": None},
        {"id": 1},
        {"message_count": "1"},
    ],
    ids=str,
)
def test_no_list_is_read_from_rows_of_another_form(changed: dict[str, object]) -> None:
    assert read_answer(json.dumps([ROW]), ROWS)[0].id == "abc"
    with pytest.raises(NotOurs):
        read_answer(json.dumps([ROW | changed]), ROWS)


KNOWN = [
    '{"type": "message_received", "message_id": "1", "content": "x", "sequence": 1, "more": []}',
    json.dumps({"type": "tool_approval_request", "request_id": "1", "tools": [TOOL]}),
    json.dumps({"type": "done", "usage": USAGE, "files": [{"path": "a", "size": 1}]}),
    '{"type": "approval_changed", "enabled": true}',
    '{"type": "of a later version", "content": 1}',
]


@pytest.mark.parametrize("text", KNOWN, ids=lambda text: text[:40])
def test_an_event_comes_as_it_was_sent(text: str) -> None:
    assert read_event(text) == json.loads(text)


NO_EVENTS = [
    '{"type": 1}',
    '{"type": "new", "sequence": "1"}',
    '{"type": "message_received"}',
    '{"type": "message_received", "message_id": [], "content": "x"}',
    '{"type": "turn_started", "message_id": {}, "content": "x"}',
    '{"type": "text_delta", "content": 1}',
    '{"type": "tool_call", "id": "1", "tool": "bash", "input": []}',
    '{"type": "tool_approval_request", "request_id": "1", "tools": [{"name": "bash"}]}',
    '{"type": "tool_approval_result", "request_id": "1", "tools": [1]}',
    '{"type": "done", "usage": null, "files": []}',
    '{"type": "done", "usage": {"input_tokens": 1, "output_tokens": 1}, "files": [1]}',
    '{"type": "plan_ready", "plan": 1}',
    '{"type": "approval_changed"}',
    '{"type": "error"}',
    '{"type": "compact"}',
    '{"type": "todo_update", "todos": [1]}',
]


@pytest.mark.parametrize("text", [*STRANGE, *NO_EVENTS], ids=lambda text: text[:60])
def test_no_event_is_read_from_something_else(text: str | bytes) -> None:
    with pytest.raises(NotOurs):
        read_event(text)
