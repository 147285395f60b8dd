"""Where a conversation is cut for a summary."""

import pytest

from agentproxy.conversation.compaction import first_kept, ledger_after, summary_messages
from agentproxy.conversation.face import CHAT
from agentproxy.events.chat import Compacted
from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    Text,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.events.envelope import Event, RunId


def said(text: str) -> UserMessage:
    return UserMessage(parts=(Text(text=text),))


def turn(steps: int) -> list[Message]:
    """A question, so many calls with their results, and an answer."""
    messages: list[Message] = [said("do it")]
    for number in range(steps):
        messages.append(AssistantMessage(parts=(ToolCall(id=str(number), name="bash"),)))
        messages.append(UserMessage(parts=(ToolResult(call=str(number), text="x"),)))
    return [*messages, AssistantMessage(parts=(Text(text="done"),))]


@pytest.mark.parametrize(
    ("steps", "cut"),
    [
        # Many short turns: before the newest question that leaves eight messages.
        ([0] * 10, 12),
        # A long turn at the end: within it, before an answer, and not at its far beginning.
        ([0, 100], 195),
        ([100], 193),
        ([3], 0),
    ],
)
def test_a_cut_leaves_the_newest_messages_and_splits_no_call_from_its_result(
    steps: list[int], cut: int
) -> None:
    messages = [message for each in steps for message in turn(each)]
    found = first_kept(messages)
    assert found == cut
    kept = messages[found:]
    calls = {call.id for each in kept if isinstance(each, AssistantMessage) for call in each.calls}
    results = {
        part.call
        for each in kept
        if isinstance(each, UserMessage)
        for part in each.parts
        if isinstance(part, ToolResult)
    }
    assert results <= calls


def test_the_ledger_keeps_decisions_over_all_summaries_and_has_a_bound() -> None:
    ledger = ledger_after(["DECISION: a"], "text\n- DECISION: b\n* dead end: c\nDECISION: a")
    assert ledger == ("DECISION: a", "DECISION: b", "dead end: c")
    many = "\n".join(f"DECISION: {number}" for number in range(500))
    assert len(ledger_after(ledger, many)) == 100


def test_what_is_said_while_a_summary_is_made_stays() -> None:
    state = CHAT.new_state()
    state.messages += [message for _ in range(6) for message in turn(0)]
    # The summary was made of the first four; another message came before its fact.
    late = said("wait, one thing more")
    state.messages.append(late)
    kept = state.messages[4:]
    fact = Compacted(summary="so far", kept=8, removed=4)
    CHAT.reduce(state, Event(RunId("c"), 1, 0.0, "agent", fact))
    assert state.messages == [*summary_messages(fact), *kept]
