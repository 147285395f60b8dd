"""Texts of blanks alone never reach Anthropic, which refuses each question that holds one."""

import asyncio
from dataclasses import replace

import pytest
from support import anthropic_streams
from support.oracle import Body, Vendor, client_of, hot, outcome, stream
from support.wires import ASK

from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)

TASK = UserMessage(parts=(Text(text="Fix it"),))
CALL = ToolCall(id="c1", name="bash", arguments={})
BLANKS = ["\n\n", " ", "\t\r\n"]
SIGNED = Thinking(text="Well", vendor={"signature": "s1", "provider_name": "anthropic"})


def sent(*messages: Message) -> list[Body]:
    async def story() -> Body:
        vendor = Vendor([stream(anthropic_streams.STREAMS["text in pieces"])])
        async with client_of(vendor) as client:
            prompt = replace(ASK, messages=messages)
            await outcome(hot("claude-sonnet-4-6", client), prompt)
        return vendor.bodies[0]

    return asyncio.run(story())["messages"]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_text_of_blanks_is_left_out_and_a_result_of_blanks_is_empty(blank: str) -> None:
    said = AssistantMessage(parts=(Text(text=blank), CALL))
    result = UserMessage(parts=(ToolResult(call="c1", text=blank), Text(text=blank)))
    _, assistant, user = sent(TASK, said, result)
    assert [block["type"] for block in assistant["content"]] == ["tool_use"]
    (block,) = user["content"]
    assert (block["type"], block["content"]) == ("tool_result", "")
    assert "cache_control" in block


def test_a_message_of_blanks_alone_is_left_out() -> None:
    assert len(sent(TASK, AssistantMessage(parts=(Text(text="\n"),)))) == 1


def test_a_thought_that_blanks_or_strangers_follow_ends_no_message() -> None:
    stranger = Thinking(text="Hm", vendor={"id": "reasoning", "provider_name": "ollama"})
    for follows in (Text(text="\n"), stranger):
        (_, last) = sent(TASK, AssistantMessage(parts=(SIGNED, Text(text="So"), SIGNED, follows)))
        assert [block["type"] for block in last["content"]] == ["thinking", "text"]
        assert "cache_control" in last["content"][1]


def test_a_text_before_a_strange_thought_is_marked() -> None:
    stranger = Thinking(text="Hm", vendor={"id": "reasoning", "provider_name": "ollama"})
    (_, last) = sent(TASK, AssistantMessage(parts=(Text(text="Done"), stranger)))
    assert "cache_control" in last["content"][0]
