"""The outside parts that the agent's effects use."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from agentproxy.events.conversation import Image, Message, ToolCall
from agentproxy.models.port import Effort, Model
from agentproxy.tools.port import KeptBench, Permission
from agentproxy.tools.registry import Registry

AllowCall = Callable[[ToolCall, Permission], Awaitable[str]]


def instructions() -> str:
    return files("agentproxy.agent").joinpath("prompts/system.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class AgentParts:
    """The outside parts of one conversation."""

    model: Model
    tools: Registry
    bench: KeptBench
    allow: AllowCall  # returns the reason why a call may not run, or ""
    effort: Effort | None = None  # of thinking; None leaves it to the vendor
    images: Sequence[Image] = ()  # put before the first message
    instructions: Callable[[], str] = instructions  # the system prompt
    # What of the messages the model is shown. An equal past must give the same objects.
    shown: Callable[[Sequence[Message]], Sequence[Message]] = list
