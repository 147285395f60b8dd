"""What Claude Code says becomes facts, with the tokens of each answer."""

from collections.abc import Sequence
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ContentBlock,
    Message,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from agentproxy.events.agent import ModelAnswered, ToolFinished
from agentproxy.events.conversation import Text, Thinking, ToolCall, Usage
from agentproxy.events.envelope import Fact
from agentproxy.events.work import SessionOpened
from agentproxy.workers.claude.narration import Narration, fragment_of

Event = dict[str, Any]
MODEL = "claude-sonnet-4-6"


def said(*blocks: ContentBlock, stop: str | None = None) -> AssistantMessage:
    return AssistantMessage(content=[*blocks], model=MODEL, stop_reason=stop)


def started(**usage: int) -> Event:
    return {"type": "message_start", "message": {"usage": usage}}


def counted(**usage: int) -> Event:
    return {"type": "message_delta", "usage": usage}


def returned(content: Any, *, key: str = "c1", failed: bool = False) -> UserMessage:
    return UserMessage(content=[ToolResultBlock(tool_use_id=key, content=content, is_error=failed)])


def ended(*taken: str, **more: Any) -> ResultMessage:
    return ResultMessage(
        subtype="success", duration_ms=1, duration_api_ms=1, is_error=False, num_turns=1,
        session_id="s", user_message_uuids=[*taken], **more,
    )  # fmt: skip


def system(subtype: str, **data: str) -> SystemMessage:
    return SystemMessage(subtype=subtype, data=data)


def told(narration: Narration, *messages: Message | Event) -> Sequence[Fact]:
    """The facts of messages, between events of the vendor's stream."""
    facts: list[Fact] = []
    for message in messages:
        if isinstance(message, dict):
            narration.count(message)
        else:
            facts += narration.told(message)
    return facts


CALL = ToolUseBlock(id="c1", name="Bash", input={"command": "ls"})


def test_blocks_that_come_one_by_one_are_one_answer_and_its_call_ends() -> None:
    answered, finished = told(
        Narration(),
        started(input_tokens=100, output_tokens=1),
        said(ThinkingBlock(thinking="Hm.", signature="x")),
        said(TextBlock(text="I look.")),
        said(CALL),
        counted(output_tokens=30),
        returned("calc.py"),
    )
    assert isinstance(answered, ModelAnswered)
    assert answered.message.parts == (
        Thinking(text="Hm."),
        Text(text="I look."),
        ToolCall(id="c1", name="Bash", arguments={"command": "ls"}),
    )
    assert (answered.stop, answered.turn, answered.model) == ("tools", 1, MODEL)
    assert answered.usage == Usage(input=100, output=30)
    assert finished == ToolFinished(call="c1", text="calc.py")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"),
        ([{"type": "image", "source": "x"}], "[image]"),
        (None, ""),
        ([], ""),
        ([3, {"strange": 1}], "\n"),
        ("x" * 20_000, "x" * 16_000),
    ],
)
def test_the_result_of_a_call_is_told_as_text(content: object, text: str) -> None:
    assert told(Narration(), returned(content, failed=True)) == [
        ToolFinished(call="c1", text=text, failed=True)
    ]


@pytest.mark.parametrize(
    ("stop", "expected"),
    [(None, "end"), ("end_turn", "end"), ("max_tokens", "length"), ("refusal", "refused")],
)
def test_an_answer_ends_with_the_turn(stop: str | None, expected: str) -> None:
    (answered,) = told(Narration(), said(TextBlock(text="So."), stop=stop), ended())
    assert isinstance(answered, ModelAnswered)
    assert answered.stop == expected


def test_tokens_are_told_once_each_also_those_of_the_cache() -> None:
    narration = Narration()
    facts = told(
        narration,
        started(input_tokens=10, cache_read_input_tokens=700, cache_creation_input_tokens=80),
        said(CALL),
    )
    assert facts == []
    # A call begins before the last count of its answer: that is told with the next answer.
    (first,) = narration.complete()
    facts = told(
        narration,
        counted(output_tokens=20),
        returned("ok"),
        started(input_tokens=5, cache_read_input_tokens=790, output_tokens=1),
        said(TextBlock(text="Done.")),
        counted(output_tokens=7),
        ended(),
    )
    answers = [fact for fact in (first, *facts) if isinstance(fact, ModelAnswered)]
    assert answers[0].usage == Usage(input=790, output=0, cache_read=700, cache_write=80)
    assert answers[1].usage == Usage(input=795, output=27, cache_read=790)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "message_start"},
        {"type": "message_start", "message": "text"},
        {"type": "message_start", "message": {"usage": [1]}},
        {"type": "message_delta", "usage": {"output_tokens": "many"}},
        {"type": "message_delta", "usage": {"output_tokens": -3}},
        {"type": "weather"},
    ],
)
def test_an_event_of_a_strange_form_counts_nothing(event: dict[str, object]) -> None:
    narration = Narration()
    (answered,) = told(narration, event, said(TextBlock(text="So.")), ended())
    assert isinstance(answered, ModelAnswered)
    assert answered.usage.input == 0


def test_its_session_is_told_once_and_again_when_it_changes() -> None:
    facts = told(
        Narration(),
        system("init", session_id="one"),
        system("init", session_id="one"),
        system("init"),
        system("compact_boundary"),
        system("init", session_id="two"),
    )
    assert facts == [SessionOpened(session="one"), SessionOpened(session="two")]


def test_it_is_idle_when_it_owes_no_further_turn() -> None:
    narration = Narration()
    idle: list[bool] = []
    for message in (
        system("session_state_changed", state="running"),
        ended("first"),
        system("session_state_changed", state="idle"),
        system("session_state_changed", state="running"),
        ended("second"),
        system("session_state_changed", state="idle"),
    ):
        list(narration.told(message))
        idle.append(narration.idle)
    assert idle == [False, False, True, False, False, True]
    assert narration.taken == {"first", "second"}


def test_a_program_that_says_nothing_of_its_state_is_idle_after_a_result() -> None:
    narration = Narration()
    list(narration.told(ended(user_message_uuid="only")))
    assert (narration.idle, narration.taken) == (True, {"only"})


@pytest.mark.parametrize(
    ("event", "piece"),
    [
        ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hel"}}, "Hel"),
        (
            {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Hm"}},
            "Hm",
        ),
        ({"type": "content_block_delta", "delta": {"type": "input_json_delta"}}, ""),
        ({"type": "content_block_stop"}, "\n"),
        ({"type": "message_stop"}, ""),
    ],
)
def test_pieces_of_text_and_thoughts_are_shown(event: dict[str, object], piece: str) -> None:
    assert fragment_of(event) == piece


@pytest.mark.parametrize(
    "later",
    [None, -5, 3, True, "30", 10**30, [], {}],
    ids=lambda each: repr(each)[:12],
)
def test_tokens_never_fall_whatever_a_later_message_says_of_them(later: Any) -> None:
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    (answered,) = told(
        Narration(),
        started(input_tokens=100, output_tokens=10, cache_read_input_tokens=50),
        said(TextBlock(text="So.")),
        {"type": "message_delta", "usage": dict.fromkeys(names, later)},
        ended(),
    )
    assert isinstance(answered, ModelAnswered)
    assert answered.usage == Usage(input=150, output=10, cache_read=50)
