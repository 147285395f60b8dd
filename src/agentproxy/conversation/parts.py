"""The outside parts that the effects of a conversation use."""

from dataclasses import dataclass

from agentproxy.agent.parts import AgentParts
from agentproxy.models.port import Model

APPROVAL_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatParts(AgentParts):
    """The outside parts of one conversation."""

    summariser: Model  # writes the summaries of older messages
    approval_seconds: float = APPROVAL_SECONDS
    background_seconds: float = 300.0  # the limit of one command in the background
