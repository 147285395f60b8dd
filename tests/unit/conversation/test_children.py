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
    ("kind", "tool", "has"),
    [
        ("general", "task", False),
        ("code", "task", False),
        ("code", "edit_file", True),
        ("explore", "write_file", False),
        ("plan", "bash", True),
        ("research", "write_file", True),
        ("research", "edit_file", False),
        ("general", "spawn_teammate", False),
        ("general", "background_run", False),
        ("general", "mcp__files__read", False),
        ("general", "exit_plan_mode", False),
    ],
)
def test_which_tools_a_kind_has(kind: str, tool: str, *, has: bool) -> None:
    assert KINDS[kind].has(tool) is has
