"""What our agent's effects are done with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agentproxy.events.conversation import Image, ToolCall
from agentproxy.models.port import Model
from agentproxy.tools.port import Bench, Permission
from agentproxy.tools.registry import Registry

AllowCall = Callable[[ToolCall, Permission], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class AgentParts:
    """The outside things of one conversation.

    `allow` gives the reason why a call may not run, or "". `images` stand before the first message.
    """

    model: Model
    tools: Registry
    bench: Bench
    allow: AllowCall
    images: Sequence[Image] = ()
