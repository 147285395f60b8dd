"""Facts about our own agent. Their actor is the worker."""

from typing import Literal

from pydantic import Field, JsonValue

from agentproxy.events.conversation import AssistantMessage, StopReason, Usage
from agentproxy.events.envelope import Fact


class AgentTold(Fact):
    """The agent received a text from us."""

    kind: Literal["agent_told"] = "agent_told"
    text: str
    message: str = ""  # the id of the message that this delivers
    why: Literal["brief", "message", "continue"] = "brief"


class TurnStarted(Fact):
    """The model is about to be asked for its next answer."""

    kind: Literal["turn_started"] = "turn_started"
    turn: int


class ModelAnswered(Fact):
    """A model answered."""

    kind: Literal["model_answered"] = "model_answered"
    turn: int
    message: AssistantMessage
    stop: StopReason
    usage: Usage = Usage()
    model: str = ""
    final: bool = False  # the last answer, without tools


class ToolStarted(Fact):
    """A tool is about to run."""

    kind: Literal["tool_started"] = "tool_started"
    call: str
    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class ToolFinished(Fact):
    """A tool has run."""

    kind: Literal["tool_finished"] = "tool_finished"
    call: str
    text: str
    failed: bool = False
    unknown: bool = False  # it started in an earlier segment that did not record its end
