"""What our own agent did: each fact stands under the actor of its worker."""

from typing import Literal

from pydantic import Field, JsonValue

from agentproxy.events.conversation import AssistantMessage, StopReason, Usage
from agentproxy.events.envelope import Fact


class AgentTold(Fact):
    """Something was said to the agent: its brief, or a word of ours; `why` says which.

    `message` is the id of the message that this delivers, if any.
    """

    kind: Literal["agent_told"] = "agent_told"
    text: str
    message: str = ""
    why: Literal["brief", "message", "continue"] = "brief"


class TurnStarted(Fact):
    """The model is about to be asked for the answer of a turn."""

    kind: Literal["turn_started"] = "turn_started"
    turn: int


class ModelAnswered(Fact):
    """A model answered; `final` where it was asked for its last words, without tools."""

    kind: Literal["model_answered"] = "model_answered"
    turn: int
    message: AssistantMessage
    stop: StopReason
    usage: Usage = Usage()
    model: str = ""
    final: bool = False


class ToolStarted(Fact):
    """A tool is about to run."""

    kind: Literal["tool_started"] = "tool_started"
    call: str
    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class ToolFinished(Fact):
    """A tool has run. `unknown`: it had started in an earlier segment, and nobody saw its end."""

    kind: Literal["tool_finished"] = "tool_finished"
    call: str
    text: str
    failed: bool = False
    unknown: bool = False
