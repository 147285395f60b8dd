"""What a conversation of our agent is, folded from its facts. Pure."""

from dataclasses import dataclass, field
from typing import Literal

from agentproxy.engine.state import RunState
from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    StopReason,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
)

AgentEnding = Literal["finished", "turns", "budget", "cut_off", "refused"]


@dataclass(frozen=True, slots=True)
class AgentLimits:
    """Where a conversation ends: the model's answers (`turns`), `tokens` in all, and how often an
    answer that was cut off is continued. In the last `wrap_up` turns the model is told to finish.
    `output` is the most tokens of one answer.
    """

    turns: int = 50
    tokens: int = 200_000
    continuations: int = 3
    wrap_up: int = 3
    output: int = 16_384


@dataclass
class Conversation(RunState):
    """Folds in place; only the engine changes it.

    `open` holds the calls of the newest answer, in its order; `results` the answers to them;
    `started` the calls under way. `asking` says that the model is being asked. `queued` is what was
    said meanwhile: it follows the answer and its results. `told` are the ids of delivered messages.
    """

    limits: AgentLimits = field(default_factory=AgentLimits)
    messages: list[Message] = field(default_factory=list[Message])
    turn: int = 0
    continued: int = 0
    used: Usage = field(default_factory=Usage)
    stop: StopReason | None = None
    final: bool = False
    asking: bool = False
    open: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    results: dict[str, ToolResult] = field(default_factory=dict[str, ToolResult])
    started: set[str] = field(default_factory=set[str])
    queued: list[str] = field(default_factory=list[str])
    told: set[str] = field(default_factory=set[str])

    @property
    def last_words(self) -> str:
        """The text of the model's last answer that has any."""
        said = (each for each in reversed(self.messages) if isinstance(each, AssistantMessage))
        return next((message.text for message in said if message.text), "")

    def say(self, message: UserMessage) -> None:
        """Add to what is said to the model; two messages in a row are one, as vendors want it."""
        last = self.messages[-1] if self.messages else None
        if isinstance(last, UserMessage):
            self.messages[-1] = UserMessage(parts=(*last.parts, *message.parts))
        else:
            self.messages.append(message)
        self.stop = None

    def say_queued(self) -> None:
        """Say what had to wait for an answer or its results."""
        for text in self.queued:
            self.say(UserMessage(parts=(Text(text=text),)))
        self.queued = []

    @property
    def ending(self) -> AgentEnding | None:
        """How the conversation is over, if it is."""
        if self.final:
            return "turns"
        if self.stop == "end":
            return "finished"
        if self.stop == "refused":
            return "refused"
        if self.used.total >= self.limits.tokens:
            return "budget"
        cut_off = self.stop == "length" and self.continued >= self.limits.continuations
        return "cut_off" if cut_off else None
