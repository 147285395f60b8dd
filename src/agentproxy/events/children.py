"""Facts of a conversation about the agents that work for it. Their own runs have the rest."""

from typing import Literal

from pydantic import Field, JsonValue

from agentproxy.events.conversation import Usage
from agentproxy.events.envelope import Fact
from agentproxy.events.run import ChildRole


class ChildStarted(Fact):
    """An agent works for this conversation from here on, in a run of its own."""

    kind: Literal["child_started"] = "child_started"
    child: str  # its run
    role: ChildRole
    name: str  # of a teammate; a subagent has its kind
    duty: str = ""
    task: str


class ChildCalled(Fact):
    """It called a tool."""

    kind: Literal["child_called"] = "child_called"
    child: str
    seen: int  # the newest event of its run that this conversation was told of
    call: str
    tool: str
    # Shortened: its own run has the whole.
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class ChildReturned(Fact):
    """Its tool has run."""

    kind: Literal["child_returned"] = "child_returned"
    child: str
    seen: int
    call: str
    text: str  # shortened
    failed: bool = False


class ChildEnded(Fact):
    """It works no more."""

    kind: Literal["child_ended"] = "child_ended"
    child: str
    summary: str = ""  # what it said last
    usage: Usage = Usage()
    tools: int = 0  # calls
    seconds: float = 0.0
    error: str = ""
