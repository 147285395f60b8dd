"""What a typed line asks for."""

import pytest

from agentproxy.cli.chat.port import Message
from agentproxy.cli.chat.story import ChatStory
from agentproxy.cli.chat.typed import (
    Local,
    NotUnderstood,
    Send,
    chosen_call,
    read_answer,
    read_line,
)

PLANNED = ChatStory(plan="1. look", switches={"plan_mode": True})

LINES: list[tuple[str, Send | Local]] = [
    ("Fix it", Send({"type": "message", "content": "Fix it"})),
    ("/etc/hosts is wrong", Send({"type": "message", "content": "/etc/hosts is wrong"})),
    ("/ 2", Send({"type": "message", "content": "/ 2"})),
    (" /help me", Send({"type": "message", "content": " /help me"})),
    ("/plan", Send({"type": "toggle_plan_mode", "enabled": False})),
    ("/plan on", Send({"type": "toggle_plan_mode", "enabled": True})),
    ("/approval", Send({"type": "toggle_approval", "enabled": True})),
    ("/teams off", Send({"type": "toggle_teams", "enabled": False})),
    ("/approve", Send({"type": "plan_approval", "decision": "approve"})),
    ("/reject  too long ", Send({"type": "plan_approval", "decision": "reject",
                                 "feedback": "too long"})),
    ("/stop", Send({"type": "cancel"})),
    ("/exit", Local("quit")),
    ("/quit", Local("quit")),
    ("/expand 3", Local("expand", "3")),
    ("/status", Local("status")),
]  # fmt: skip


@pytest.mark.parametrize(("line", "order"), LINES, ids=[line for line, _ in LINES])
def test_a_line_is_a_message_or_a_command(line: str, order: Send | Local) -> None:
    assert read_line(line, PLANNED) == order


@pytest.mark.parametrize("line", ["/dance", "/plan maybe", "/approve", "/reject x", "", " \n"])
def test_a_line_that_cannot_be_followed_says_what_can_be_written(line: str) -> None:
    with pytest.raises(NotUnderstood, match=r"/help|write|no plan"):
        read_line(line, ChatStory())


def test_feedback_goes_before_what_waits() -> None:
    order = read_line("Look first", ChatStory(), feedback=True)
    assert order == Send({"type": "interrupt", "content": "Look first"})


ANSWERS: list[tuple[str, Message]] = [
    ("y", {"decision": "approve"}),
    ("YES ", {"decision": "approve"}),
    ("n", {"decision": "deny"}),
    ("no  use the other file", {"decision": "deny", "reason": "use the other file"}),
    ("r", {"decision": "auto_approve"}),
]


@pytest.mark.parametrize(("line", "answer"), ANSWERS, ids=[line for line, _ in ANSWERS])
def test_an_answer_is_for_the_request_that_was_shown(line: str, answer: Message) -> None:
    message = {"type": "tool_approval_response", "request_id": "r1", **answer}
    assert read_answer(line, "r1") == Send(message)


@pytest.mark.parametrize("line", ["", "yes please", "ok", "garbage", "approve", "r now", "1"])
def test_anything_else_approves_nothing(line: str) -> None:
    with pytest.raises(NotUnderstood):
        read_answer(line, "r1")


def test_a_call_is_chosen_by_its_number_or_is_the_newest() -> None:
    assert chosen_call("", [3, 4, 5]) == 5
    assert chosen_call("4", [3, 4, 5]) == 4
    for rest in ("2", "x", "-4", "4.0", "9" * 100):
        with pytest.raises(NotUnderstood, match="from 3 to 5"):
            chosen_call(rest, [3, 4, 5])
