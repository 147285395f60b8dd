"""What a terminal knows of a conversation after its events."""

from agentproxy.cli.chat.port import Message
from agentproxy.cli.chat.story import ChatStory

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
