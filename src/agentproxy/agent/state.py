"""The state of a conversation with our agent, folded from its facts. Pure."""

from dataclasses import dataclass, field
from typing import Literal

from agentproxy.engine.state import RunState
from agentproxy.events.conversation import (
    NO_USAGE,
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
    """The limits at which a conversation ends."""

    turns: int = 50  # answers of the model
    tokens: int = 200_000  # input and output of all answers together
    continuations: int = 3  # of answers that were cut off
    wrap_up: int = 3  # the last turns, in which the model is told to finish
    output: int = 16_384  # tokens of one answer


@dataclass(slots=True)
class Conversation(RunState):
    """Folds in place; only the engine changes it."""

    limits: AgentLimits = field(default_factory=AgentLimits)
    messages: list[Message] = field(default_factory=list[Message])
    turn: int = 0
    continued: int = 0
    used: Usage = NO_USAGE
    last_input: int = 0  # tokens of the newest question
    # The limits count from here: where the present request of a person began.
    since_turn: int = 0
    since_tokens: int = 0
    stop: StopReason | None = None
    final: bool = False
    asking: bool = False  # an answer of the model is pending
    # The calls of the newest answer, in its order, until all have results.
    open: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    results: dict[str, ToolResult] = field(default_factory=dict[str, ToolResult])
    started: frozenset[str] = frozenset()
    queued: list[str] = field(default_factory=list[str])  # texts that wait for results
    # Ids of delivered messages. It grows with the conversation, so one more may copy none of them.
    told: set[str] = field(default_factory=set[str])

    @property
    def last_words(self) -> str:
        """The newest text of the model."""
        said = (each for each in reversed(self.messages) if isinstance(each, AssistantMessage))
        return next((message.text for message in said if message.text), "")

    @property
    def turns_left(self) -> int:
        return self.limits.turns - (self.turn - self.since_turn)

    @property
    def out_of_tokens(self) -> bool:
        return self.used.total - self.since_tokens >= self.limits.tokens

    def say(self, message: UserMessage) -> None:
        # Vendors want the roles to alternate, so two messages in a row become one.
        last = self.messages[-1] if self.messages else None
        if isinstance(last, UserMessage):
            self.messages[-1] = UserMessage(parts=(*last.parts, *message.parts))
        else:
            self.messages.append(message)
        self.stop = None

    def say_queued(self) -> None:
        for text in self.queued:
            self.say(UserMessage(parts=(Text(text=text),)))
        self.queued = []

    @property
    def ending(self) -> AgentEnding | None:
        if self.final:
            return "turns"
        if self.stop == "end":
            return "finished"
        if self.stop == "refused":
            return "refused"
        if self.out_of_tokens:
            return "budget"
        cut_off = self.stop == "length" and self.continued >= self.limits.continuations
        return "cut_off" if cut_off else None
