import json
from collections.abc import Sequence
from typing import Any

import pytest

from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.incremental_encoding import EncodedHistory, with_encoded_body
from agentproxy.models.names import Wire
from agentproxy.models.port import Prompt

TASK = UserMessage(parts=(Text(text="Fix it"),))
CALL = ToolCall(id="call_1", name="bash")
ANSWER = AssistantMessage(parts=(CALL,))
RESULT = UserMessage(parts=(ToolResult(call="call_1", text="calc.py"),))


def mapped(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Each message, as a library might have it."""
    return [{"role": each.role, "content": [{"text": each.model_dump_json()}]} for each in messages]


def send(
    tail: EncodedHistory, messages: Sequence[Message], **more: Any
) -> tuple[int, dict[str, Any]]:
    """How many messages were mapped, and the body that went out."""
    with tail.sending(Prompt(system="", messages=messages, **more)) as new:
        lead = {"role": "system", "content": "You fix."}
        body = {"model": "m", "messages": [lead, *mapped(new)], "stream": True}
        arguments = with_encoded_body({"body": body, "stream": True, "options": {"headers": {}}})
    assert arguments["options"] == {"headers": {}}
    assert arguments["stream"] is True
    return len(new), json.loads(arguments["content"]) if "content" in arguments else body


def send_and_fail(tail: EncodedHistory, messages: Sequence[Message]) -> None:
    with tail.sending(Prompt(system="", messages=messages)) as new:
        with_encoded_body({"body": {"messages": mapped(new)}})
        raise ConnectionError


@pytest.fixture
def tail() -> EncodedHistory:
    return EncodedHistory("openai chat", {})


def test_only_what_is_new_is_mapped_and_all_is_sent(tail: EncodedHistory) -> None:
    assert send(tail, [TASK])[0] == 1
    count, body = send(tail, [TASK, ANSWER, RESULT])
    assert count == 2
    lead, *said = body["messages"]
    assert lead["role"] == "system"
    assert said == mapped([TASK, ANSWER, RESULT])
    assert (body["model"], body["stream"]) == ("m", True)


def test_a_message_that_was_replaced_by_an_equal_one_is_mapped_anew(tail: EncodedHistory) -> None:
    send(tail, [TASK])
    other = TASK.model_copy()
    assert send(tail, [other, ANSWER, RESULT])[0] == 3


def test_the_same_prompt_again_is_sent_whole(tail: EncodedHistory) -> None:
    send(tail, [TASK, ANSWER, RESULT])
    assert send(tail, [TASK, ANSWER, RESULT])[0] == 3


def test_a_request_that_failed_is_not_remembered(tail: EncodedHistory) -> None:
    send(tail, [TASK])
    with pytest.raises(ConnectionError):
        send_and_fail(tail, [TASK, ANSWER, RESULT])
    assert send(tail, [TASK, ANSWER, RESULT])[0] == 2


def test_another_effort_or_other_tools_are_sent_whole(tail: EncodedHistory) -> None:
    send(tail, [TASK])
    assert send(tail, [TASK, ANSWER, RESULT], effort="high")[0] == 3


def test_results_are_never_sent_without_the_calls_beside_them(tail: EncodedHistory) -> None:
    send(tail, [TASK, ANSWER])
    assert send(tail, [TASK, ANSWER, RESULT])[0] == 3


def test_an_answer_that_says_nothing_is_not_the_beginning_of_what_is_new(
    tail: EncodedHistory,
) -> None:
    send(tail, [TASK])
    silent = AssistantMessage(parts=(Text(text=""),))
    assert send(tail, [TASK, silent, RESULT])[0] == 3


def test_thoughts_on_openais_chat_wire_are_left_to_the_library(tail: EncodedHistory) -> None:
    thinks = AssistantMessage(parts=(Thinking(text="Hm."), CALL))
    send(tail, [TASK])
    assert send(tail, [TASK, thinks, RESULT])[0] == 3


@pytest.mark.parametrize("form", ["gemini"])
def test_a_wire_without_a_place_is_left_to_the_library(form: Wire) -> None:
    tail = EncodedHistory(form, {})
    send(tail, [TASK])
    assert send(tail, [TASK, ANSWER, RESULT])[0] == 3


def test_numbers_that_json_does_not_have_are_an_error(tail: EncodedHistory) -> None:
    with (
        pytest.raises(ValueError, match="JSON compliant"),
        tail.sending(Prompt(system="", messages=[TASK])),
    ):
        with_encoded_body({"body": {"messages": [{"role": "user", "content": float("inf")}]}})


def test_outside_of_a_request_nothing_is_touched() -> None:
    arguments: dict[str, Any] = {"body": {"messages": []}, "stream": True}
    assert with_encoded_body(arguments) == arguments
