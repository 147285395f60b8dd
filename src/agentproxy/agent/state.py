"""What a conversation of our agent is, folded from its facts."""

from dataclasses import dataclass, field
from typing import Literal

from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    StopReason,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
)


@dataclass(frozen=True, slots=True)
class AgentLimits:
    """Where a conversation ends: answers of the model, tokens in all, and how often an answer that
    was cut off is continued. From `wrap_up` answers before the end on it is told to finish.
    """

    turns: int = 50
    tokens: int = 200_000
    continuations: int = 3
    wrap_up: int = 3
    output: int = 16_384


@dataclass
class Conversation:
    """Folds in place; only its loop changes it. `open` are the calls of the newest answer, in its
    order; `results` what has been answered to them; `started` those that are under way.
    """

    messages: list[Message] = field(default_factory=list[Message])
    turn: int = 0
    continued: int = 0
    used: Usage = field(default_factory=Usage)
    stop: StopReason | None = None
    final: bool = False
    open: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    results: dict[str, ToolResult] = field(default_factory=dict[str, ToolResult])
    started: set[str] = field(default_factory=set[str])

    @property
    def last_words(self) -> str:
        """What the model said last."""
        said = (each for each in reversed(self.messages) if isinstance(each, AssistantMessage))
        return next((message.text for message in said if message.text), "")

    def say(self, message: UserMessage) -> None:
        """Add to what is said to the model; two messages in a row are one, as vendors want it."""
        last = self.messages[-1] if self.messages else None
        if isinstance(last, UserMessage):
            self.messages[-1] = UserMessage(parts=(*last.parts, *message.parts))
        else:
            self.messages.append(message)


AgentEnding = Literal["finished", "turns", "budget", "cut_off", "refused"]


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask for the next answer; `final` for its last words, `hurry` with the hint to finish."""

    turn: int
    final: bool = False
    hurry: bool = False


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run a tool that the model called."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Continue:
    """Tell the model to go on where its answer was cut off."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The conversation is over."""

    how: AgentEnding


Effect = AskModel | RunTool | Continue | Finish
