"""Messages between an agent and a model, and the tokens that an answer used."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agentproxy.events.envelope import FrozenModel

StopReason = Literal["end", "tools", "length", "refused"]
Effort = Literal["low", "medium", "high", "max"]  # of thinking


class Text(FrozenModel):
    kind: Literal["text"] = "text"
    text: str


class Thinking(FrozenModel):
    """A model's reasoning."""

    kind: Literal["thinking"] = "thinking"
    text: str
    # The vendor's own data. It goes back to the vendor unread.
    vendor: dict[str, JsonValue] = Field(default_factory=dict)


class Image(FrozenModel):
    kind: Literal["image"] = "image"
    media_type: str
    data: str = Field(repr=False)  # base64


class ToolCall(FrozenModel):
    """A model asks for a tool to run."""

    kind: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    invalid: str = ""  # why the arguments cannot be used
    raw_arguments: str = ""  # what the model wrote; only where `invalid` is set
    vendor: dict[str, JsonValue] = Field(default_factory=dict)  # as in `Thinking`


class ToolResult(FrozenModel):
    """The answer of a tool."""

    kind: Literal["tool_result"] = "tool_result"
    call: str  # the id of the call
    text: str
    failed: bool = False


class UserMessage(FrozenModel):
    role: Literal["user"] = "user"
    parts: tuple[Annotated[Text | Image | ToolResult, Field(discriminator="kind")], ...]


class AssistantMessage(FrozenModel):
    role: Literal["assistant"] = "assistant"
    parts: tuple[Annotated[Text | Thinking | ToolCall, Field(discriminator="kind")], ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def thought(self) -> str:
        """Its reasoning as far as the vendor shows it: the thoughts with an empty line between."""
        parts = (part.text for part in self.parts if isinstance(part, Thinking))
        return "\n\n".join(text for text in parts if text.strip())

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


Message = UserMessage | AssistantMessage


class Usage(FrozenModel):
    """Token counts."""

    input: int = 0  # all input, including the tokens read from or written to the cache
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
        )


NO_USAGE = Usage()  # one for all states that begin
