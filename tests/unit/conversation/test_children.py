"""What a conversation is told of the agents that work for it."""

import pytest

from agentproxy.conversation.children import SHOWN_CHARACTERS, paid_for, told_of
from agentproxy.conversation.kinds import KINDS
from agentproxy.conversation.state import Child
from agentproxy.events.agent import ModelAnswered, ToolFinished
from agentproxy.events.chat import UserTurnStarted
from agentproxy.events.children import ChildCalled, ChildReturned
from agentproxy.events.conversation import AssistantMessage, ToolCall
from agentproxy.events.cost import ModelAsked
from agentproxy.events.envelope import Event, Fact, RunId

CHILD = Child("child", "subagent", "code", "")
LONG = "x" * (SHOWN_CHARACTERS + 1)


def event(fact: Fact) -> Event:
    return Event(RunId("child"), 7, 0.0, "agent", fact)


def answered(**arguments: str) -> ModelAnswered:
    call = ToolCall(id="c", name="bash", arguments=dict(arguments))
    return ModelAnswered(turn=1, message=AssistantMessage(parts=(call,)), stop="tools")


def test_its_calls_and_their_results_are_told_shortened() -> None:
    (called,) = told_of(event(answered(command="ls", text=LONG)), CHILD)
    assert isinstance(called, ChildCalled)
    assert (called.seen, called.tool, called.arguments["command"]) == (7, "bash", "ls")
    assert called.arguments["text"] == LONG[:-1] + "..."
    (returned,) = told_of(event(ToolFinished(call="c", text=LONG)), CHILD)
    assert isinstance(returned, ChildReturned)
    assert returned.text == LONG[:-1] + "..."


def test_what_else_happens_in_its_run_is_its_own_affair() -> None:
    assert told_of(event(UserTurnStarted(message="m", text="t")), CHILD) == []


def test_who_pays_records_for_whom() -> None:
    asked = ModelAsked(call="1", model="m", purpose="work", reserved=0.5)
    paid = paid_for(asked, "subagent")
    assert isinstance(paid, ModelAsked)
    assert (paid.purpose, paid.reserved) == ("subagent", 0.5)


@pytest.mark.parametrize(
    ("kind", "tool", "depth", "has"),
    [
        ("general", "task", 1, True),
        ("general", "task", 2, False),
        ("code", "task", 1, False),
        ("code", "edit_file", 1, True),
        ("explore", "write_file", 1, False),
        ("plan", "bash", 1, True),
        ("research", "write_file", 2, True),
        ("research", "edit_file", 1, False),
        ("general", "spawn_teammate", 1, False),
        ("general", "background_run", 1, False),
        ("general", "mcp__files__read", 1, False),
        ("general", "exit_plan_mode", 1, False),
    ],
)
def test_which_tools_a_kind_has(kind: str, tool: str, depth: int, *, has: bool) -> None:
    assert KINDS[kind].has(tool, depth=depth) is has
