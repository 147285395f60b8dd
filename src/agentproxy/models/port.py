"""The model's protocol: a prompt goes in, fragments come while it answers, then a whole answer.

An answer is whole or it is an error: a stream that was cut short is never a short success.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import JsonValue

from agentproxy.events.conversation import AssistantMessage, Message, StopReason, Usage


class ModelError(Exception):
    """A model did not answer. `cure` says what a person can do; `status` is HTTP's, where there was
    one, and `after` the seconds that the vendor asks to wait, if it does. `usage` is what it told
    nevertheless of what it used.
    """

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
        self.usage = Usage()


class ModelUnavailable(ModelError):
    """Overloaded, rate-limited, unreachable, cut off in mid-answer: it may work later."""


class BudgetSpent(ModelError):
    """The money of the run does not pay for another answer."""


class ModelRefused(ModelError):
    """The request cannot be served as it is: the key, the model's name, or what was sent."""


class PromptTooLong(ModelRefused):
    """The conversation does not fit into the model's context."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it; `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, JsonValue]


Effort = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that a model is asked with. `max_output` is in tokens; `effort` is how much it
    thinks first, None as the vendor has it. `parameters` are temperature, top_p, seed and so on.
    What a model does not know of these two is left out: they are wishes.
    """

    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    max_output: int = 16_384
    effort: Effort | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of an answer while it comes: for the eyes only, or of a call, which is counted and
    not shown.
    """

    kind: Literal["text", "thinking", "call"]
    text: str


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A whole answer, why it ended, and what it used."""

    message: AssistantMessage
    stop: StopReason
    usage: Usage
    model: str


Show = Callable[[Fragment], None]


class Model(Protocol):
    """Answers prompts."""

    @property
    def name(self) -> str:
        """The name that it was chosen by."""
        ...

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """One answer. Cancelling this call closes the connection at once.

        Raises:
            ModelUnavailable: it may work later.
            ModelRefused: it will not work as it is asked.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open; it can be asked again."""
        ...
