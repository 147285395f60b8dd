"""The outside parts that the effects of a conversation use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agentproxy.agent.parts import AgentParts

APPROVAL_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ChatParts(AgentParts):
    """The outside parts of one conversation."""

    approval_seconds: float = APPROVAL_SECONDS
    sleep: Callable[[float], Awaitable[None]] | None = None  # the clock of the approval
