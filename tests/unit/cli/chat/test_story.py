"""What a terminal knows of a conversation after its events."""

from agentproxy.cli.chat.port import Message
from agentproxy.cli.chat.story import ChatStory, Thought
from agentproxy.cli.chat.words import folded, unfolded

TOOL = {"name": "bash", "input": {"command": "ls"}, "id": "c1"}
DONE: Message = {"type": "done", "usage": {"input_tokens": 1, "output_tokens": 2}}


def after(*events: Message) -> ChatStory:
    story = ChatStory()
    for event in events:
        story.take(event)
    return story


def asked(request: str, **more: object) -> Message:
    return {"type": "tool_approval_request", "request_id": request, "tools": [TOOL], **more}


def test_a_request_ends_with_its_turn_and_that_of_a_teammate_does_not() -> None:
    assert list(after(asked("own"), asked("theirs", teammate="ada"), DONE).requests) == ["theirs"]


def test_a_request_that_somebody_else_has_answered_is_gone() -> None:
    result = {"type": "tool_result", "id": "c1", "tool": "bash", "result": "ok"}
    denied = {"type": "tool_approval_result", "request_id": "r", "tools": ["bash"]}
    for answer in (result, denied):
        assert after(asked("r"), answer).requests == {}


def test_a_message_waits_until_its_turn_begins() -> None:
    received = {"type": "message_received", "message_id": "m", "content": "Hello"}
    started = {"type": "turn_started", "message_id": "m", "content": "Hello"}
    assert after(received).waiting == {"m": "Hello"}
    story = after(received, started)
    assert (story.waiting, story.active, story.turn) == ({}, True, "m")
    story.take(DONE)
    assert (story.active, story.usage) == (False, DONE["usage"])


def content(kind: str, text: str) -> Message:
    return {"type": kind, "content": text}


def test_a_thought_is_shown_once_before_the_text_and_is_whole_at_the_end() -> None:
    story = after(content("thinking_delta", "One\n"), content("thinking_delta", "two"))
    assert (story.thinks, story.new_thought()) == (True, None)
    story.take(content("text_delta", "So"))
    shown = story.new_thought()
    assert shown is not None
    assert folded(shown).text == "[1] thought  One (+1 lines)"
    story.take(content("thinking", "One\ntwo\nthree"))
    assert (story.new_thought(), story.thinks) == (None, False)
    assert [line.text for line in unfolded(shown)] == ["[1] thought", "One", "two", "three"]


def test_a_thought_of_which_no_piece_came_is_shown_and_so_is_that_of_the_next_answer() -> None:
    story = after(content("thinking", "First"), content("text_delta", "a"))
    assert story.new_thought() == Thought(1, "First")
    story.take(content("thinking_delta", "Second"))
    story.take(content("text_delta", "b"))
    assert story.new_thought() == Thought(2, "Second")


def test_a_thought_that_was_cut_off_is_not_shown_with_the_next_answer() -> None:
    story = after(content("thinking_delta", "Cut"), DONE)
    assert story.thinks is False
    story.take(content("text_delta", "b"))
    assert (story.new_thought(), story.folded) == (None, [])
