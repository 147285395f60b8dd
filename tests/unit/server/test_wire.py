"""The messages for a client: nothing of an answer is lost, and nothing comes twice."""

import pytest

from agentproxy.app.hub import Position, ShownText
from agentproxy.events.agent import ModelAnswered
from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.conversation import AssistantMessage, Text, ToolCall
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import Request, RequestMade
from agentproxy.server.chat.wire import WireStory


def shown(offset: int, text: str, *, seq: int = 1, dropped: int = 0) -> ShownText:
    return ShownText(Position(seq, offset), "text", text, dropped)


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
