"""A message of Claude Code with another form than the vendor's is named by its field."""

from typing import Any

import pytest

from agentproxy.workers.claude.shapes import flaw_of, version_in

Message = dict[str, Any]
CALL: Message = {"type": "tool_use", "id": "c", "name": "Bash", "input": {}}
RESULT: Message = {"type": "result", "subtype": "success", "is_error": False, "session_id": "s-1"}
BLOCK = "assistant.message.content[0]"


def answer(**changes: Any) -> Message:
    return {"type": "assistant", "message": {"model": "m", "content": [CALL], **changes}}


def block(**changes: Any) -> Message:
    return answer(content=[{**CALL, **changes}])


def returned(**changes: Any) -> Message:
    content: Message = {"type": "tool_result", "tool_use_id": "c", "content": "x", **changes}
    return {"type": "user", "message": {"role": "user", "content": [content]}}


def result(**changes: Any) -> Message:
    return {**RESULT, **changes}


def request(subtype: Any = "can_use_tool", **more: Any) -> Message:
    asked: Message = {"subtype": subtype, "tool_name": "Bash", "input": {}, **more}
    return {"type": "control_request", "request_id": "r", "request": asked}


def hook(**given: Any) -> Message:
    whole: Message = {
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {},
        **given,
    }
    return request("hook_callback", callback_id="h", input=whole)


@pytest.mark.parametrize(
    ("message", "flaw"),
    [
        ({}, "type must be a text"),
        ({"type": ["assistant"]}, "type must be a text"),
        ({"type": "assistant"}, "assistant.message must be an object"),
        ({"type": "assistant", "message": []}, "assistant.message must be an object"),
        (answer(content="Hello"), "assistant.message.content must be a list"),
        (answer(content=None), "assistant.message.content must be a list"),
        (answer(content=["Hello"]), f"{BLOCK} must be an object"),
        (answer(content=[{"text": "Hello"}]), f"{BLOCK}.type must be a text"),
        (answer(content=[{"type": "text", "text": None}]), f"{BLOCK}.text must be a text"),
        (
            answer(content=[{"type": "thinking", "thinking": 1, "signature": ""}]),
            f"{BLOCK}.thinking must be a text",
        ),
        (answer(model=None), "assistant.message.model must be a text"),
        (answer(stop_reason=["end"]), "assistant.message.stop_reason must be a text"),
        (block(id=7), f"{BLOCK}.id must be a text"),
        (block(name={}), f"{BLOCK}.name must be a text"),
        (block(input=[]), f"{BLOCK}.input must be an object"),
        (block(input=None), f"{BLOCK}.input must be an object"),
        ({"type": "user", "message": None}, "user.message must be an object"),
        (
            {"type": "user", "message": {"content": 3}},
            "user.message.content must be a text or a list",
        ),
        (returned(tool_use_id=7), "user.message.content[0].tool_use_id must be a text"),
        (returned(is_error="no"), "user.message.content[0].is_error must be true or false"),
        ({"type": "system"}, "system.subtype must be a text"),
        ({"type": "system", "subtype": {}}, "system.subtype must be a text"),
        (
            {"type": "system", "subtype": "init", "session_id": 7},
            "system.session_id must be the id of a session",
        ),
        (
            {"type": "system", "subtype": "init", "session_id": "a\0b"},
            "system.session_id must be the id of a session",
        ),
        (result(subtype=None), "result.subtype must be a text"),
        (result(is_error="false"), "result.is_error must be true or false"),
        (result(session_id=None), "result.session_id must be the id of a session"),
        (result(session_id="-x " * 200), "result.session_id must be the id of a session"),
        (result(result=["Done"]), "result.result must be a text"),
        (result(errors="x"), "result.errors must be a list of texts"),
        (result(errors=[7]), "result.errors must be a list of texts"),
        (result(total_cost_usd="0.1"), "result.total_cost_usd must be an amount in dollars"),
        (result(total_cost_usd=True), "result.total_cost_usd must be an amount in dollars"),
        (result(total_cost_usd=float("nan")), "result.total_cost_usd must be an amount in dollars"),
        (result(total_cost_usd=float("inf")), "result.total_cost_usd must be an amount in dollars"),
        (result(total_cost_usd=10**400), "result.total_cost_usd must be an amount in dollars"),
        (result(user_message_uuids="u"), "result.user_message_uuids must be a list of texts"),
        (result(user_message_uuid=7), "result.user_message_uuid must be a text"),
        ({"type": "stream_event", "event": []}, "stream_event.event must be an object"),
        ({"type": "control_request", "request_id": 7, "request": {}},
         "control_request.request_id must be a text"),
        ({"type": "control_request", "request_id": "r", "request": None},
         "control_request.request must be an object"),
        ({"type": "control_response", "response": []},
         "control_response.response must be an object"),
        (request(None), "request.subtype must be a text"),
        (request(tool_name=None), "request.tool_name must be a text"),
        (request(input="ls"), "request.input must be an object"),
        (request(tool_use_id=7), "request.tool_use_id must be a text"),
        (hook(tool_name=7), "request.input.tool_name must be a text"),
        (hook(tool_input=[]), "request.input.tool_input must be an object"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_named_by_its_field(message: Message, flaw: str) -> None:
    assert flaw_of(message) == flaw


@pytest.mark.parametrize(
    "message",
    [
        answer(),
        answer(stop_reason=None),
        answer(content=[]),
        answer(content=[{"type": "hologram", "shape": 3}]),
        returned(content=None, is_error=None),
        {"type": "user", "message": {"role": "user", "content": "Hello"}},
        {"type": "system", "subtype": "hologram", "shape": 3},
        result(),
        result(result=None, errors=None, total_cost_usd=1, user_message_uuids=["u"]),
        {"type": "stream_event", "event": {"type": 7}},
        {"type": "weather", "degrees": 20},
        {"type": "control_request", "request_id": "r", "request": {"subtype": "interrupt"}},
        request(),
        hook(),
        request("hook_callback", callback_id="h", input={"hook_event_name": ["x"]}),
    ],
)
def test_what_is_well_formed_or_unknown_passes(message: Message) -> None:
    assert flaw_of(message) == ""


@pytest.mark.parametrize(
    ("said", "version"),
    [("2.1.332", "2.1.332"), (7, ""), (None, ""), ("2.1\n\x1b[31m", ""), ("9" * 41, "")],
)
def test_a_version_is_told_as_one(said: Any, version: str) -> None:
    assert version_in({"type": "system", "subtype": "init", "claude_code_version": said}) == version
