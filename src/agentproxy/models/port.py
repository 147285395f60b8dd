"""The model port: a prompt goes in, fragments stream out, and a whole answer ends the call.

A stream that was cut short is an error, never a short answer.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import JsonValue

from agentproxy.events.conversation import AssistantMessage, Effort, Message, StopReason, Usage


class ModelError(Exception):
    """A model did not answer. `after` is the wait in seconds that the vendor asks for."""

    def __init__(
        self,
        message: str,
        *,
        cure: str = "",
        status: int | None = None,
        after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.cure = cure
        self.status = status
        self.after = after
        # A part of the answer may be billed although it failed.
        self.usage = Usage()


class ModelUnavailable(ModelError):
    """The model is overloaded or unreachable, or its answer was cut off. A retry may succeed."""


class BudgetSpent(ModelError):
    """The money of the run does not pay for another answer."""


class ModelRefused(ModelError):
    """The request cannot succeed: the key, the model's name or the content is wrong."""


class PromptTooLong(ModelRefused):
    """The conversation does not fit into the model's context."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it. `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question to a model. An effort or parameter that the model does not support is left out."""

    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    max_output: int = 16_384  # tokens
    # Of thinking; None leaves it to the vendor. A model that does not know it gets the nearest.
    effort: Effort | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


class Fragment(NamedTuple):
    """A piece of an unfinished answer. Fragments are shown, or counted, but never recorded."""

    kind: Literal["text", "thinking", "call"]
    text: str


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A whole answer, with the reason for its end."""

    message: AssistantMessage
    stop: StopReason
    usage: Usage
    model: str


Show = Callable[[Fragment], None]


class Model(Protocol):
    """Answers prompts."""

    @property
    def name(self) -> str:
        """The name that the user chose the model by."""
        ...

    def answer(self, prompt: Prompt, *, show: Show) -> Coroutine[Any, Any, ModelAnswer]:
        """Returns one answer. Cancelling the call closes the connection at once.

        Raises:
            ModelUnavailable: a retry may succeed.
            ModelRefused: a retry cannot succeed.
        """
        ...

    async def close(self) -> None:
        """Closes the connections. The model can be asked again."""
        ...
