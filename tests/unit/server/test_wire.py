"""The messages for a client: nothing of an answer is lost, and nothing comes twice."""

import pytest

from agentproxy.app.hub import Position, ShownText
from agentproxy.events.agent import ModelAnswered
from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.conversation import AssistantMessage, Text, Thinking, ToolCall
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import Request, RequestMade
from agentproxy.server.chat.wire import Message, WireStory


def shown(
    offset: int, text: str, *, seq: int = 1, dropped: int = 0, source: str = "text"
) -> ShownText:
    return ShownText(Position(seq, offset), source, text, dropped)


ANSWER = "one two three"


@pytest.mark.parametrize(
    ("pieces", "rest"),
    [
        ([], ANSWER),
        ([shown(0, "one ")], "two three"),
        ([shown(0, "one "), shown(4, "two three")], ""),
        # What comes after a gap waits for the whole answer.
        ([shown(4, "two ")], ANSWER),
        ([shown(0, "one "), shown(8, "three")], "two three"),
        ([shown(0, "one "), shown(4, "two ", dropped=3)], "two three"),
    ],
)
def test_what_was_not_streamed_comes_with_the_answer(pieces: list[ShownText], rest: str) -> None:
    story = WireStory(RunId("c"))
    story.take(Event(RunId("c"), 1, 0.0, "agent", UserTurnStarted(message="1", text="count")))
    told = [story.fragment(piece, now=0.0) for piece in pieces]
    streamed = "".join(each["content"] for each in told if each)
    fact = ModelAnswered(turn=1, message=AssistantMessage(parts=(Text(text=ANSWER),)), stop="end")
    last = story.take(Event(RunId("c"), 2, 0.0, "agent", fact))
    assert "".join(each["content"] for each in last) == rest
    assert streamed + rest == ANSWER


def test_bytes_are_counted_where_a_character_has_several() -> None:
    story = WireStory(RunId("c"))
    story.take(Event(RunId("c"), 1, 0.0, "agent", UserTurnStarted(message="1", text="x")))
    assert story.fragment(shown(0, "äö"), now=0.0)
    assert story.fragment(shown(4, "ü"), now=0.0)


def test_a_turn_ends_once_for_a_client_and_what_comes_late_is_not_told() -> None:
    story = WireStory(RunId("c"))
    call = ToolCall(id="w", name="write_file")
    late = ModelAnswered(
        turn=1, message=AssistantMessage(parts=(Text(text="late"), call)), stop="tools"
    )
    facts: list[Fact] = [
        UserTurnStarted(message="1", text="x"),
        UserTurnEnded(ending="interrupted"),
        late,
        RequestMade(request=Request(id="approval-1", kind="permission", text="run")),
        UserTurnEnded(ending="done"),
    ]
    told = [
        message["type"]
        for seq, fact in enumerate(facts, start=1)
        for message in story.take(Event(RunId("c"), seq, 0.0, "agent", fact))
    ]
    assert told == ["turn_started", "interrupted", "text_delta"]


def told_of(*parts: Text | Thinking | ToolCall) -> list[Message]:
    """What a client that streamed nothing is told of an answer."""
    story = WireStory(RunId("c"))
    story.take(Event(RunId("c"), 1, 0.0, "agent", UserTurnStarted(message="1", text="x")))
    fact = ModelAnswered(turn=1, message=AssistantMessage(parts=parts), stop="end")
    return story.take(Event(RunId("c"), 2, 0.0, "agent", fact))


def test_the_thoughts_of_an_answer_come_once_before_its_text_and_calls() -> None:
    call = ToolCall(id="w", name="write_file")
    told = told_of(Thinking(text="One."), Text(text="text"), Thinking(text="Two."), call)
    assert [each["type"] for each in told] == ["thinking", "text_delta", "tool_call"]
    assert (told[0]["content"], told[0]["effort"]) == ("One.\n\nTwo.", None)
    assert [each["sequence"] for each in told] == [1, 1, 2]
    # The ids of the others stay as they are without a thought.
    without = told_of(Text(text="text"), call)
    assert [each["event_id"] for each in told[1:]] == [each["event_id"] for each in without]


def test_a_thought_that_nobody_can_read_is_not_told() -> None:
    hidden = Thinking(text="", vendor={"id": "redacted_thinking", "signature": "x"})
    told = told_of(hidden, Thinking(text=" \n"), Text(text="text"))
    assert [each["type"] for each in told] == ["text_delta"]


def test_pieces_of_a_thought_behind_a_gap_wait_for_the_whole_thought() -> None:
    story = WireStory(RunId("c"))
    story.take(Event(RunId("c"), 1, 0.0, "agent", UserTurnStarted(message="1", text="x")))
    assert story.fragment(shown(0, "one ", source="thinking"), now=0.0)
    assert story.fragment(shown(8, "three", source="thinking"), now=0.0) is None
