"""What is said between an agent and a model: messages of parts, and what an answer used."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agentproxy.events.envelope import FrozenModel

StopReason = Literal["end", "tools", "length", "refused"]


class Text(FrozenModel):
    """Words."""

    kind: Literal["text"] = "text"
    text: str


class Thinking(FrozenModel):
    """What a model thought aloud; `vendor` is the vendor's own, and goes back to it unread."""

    kind: Literal["thinking"] = "thinking"
    text: str
    vendor: dict[str, JsonValue] = Field(default_factory=dict)


class Image(FrozenModel):
    """A picture; `data` is base64."""

    kind: Literal["image"] = "image"
    media_type: str
    data: str = Field(repr=False)


class ToolCall(FrozenModel):
    """A model wants a tool to run. `faulty` says why its arguments cannot be used, if they cannot;
    then `arguments` is empty and `written` holds what the model wrote. `vendor` is as in Thinking.
    """

    kind: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    invalid: str = ""
    raw_arguments: str = ""
    vendor: dict[str, JsonValue] = Field(default_factory=dict)


class ToolResult(FrozenModel):
    """What a tool answered to the call of that id."""

    kind: Literal["tool_result"] = "tool_result"
    call: str
    text: str
    failed: bool = False


class UserMessage(FrozenModel):
    """What is said to the model."""

    role: Literal["user"] = "user"
    parts: tuple[Annotated[Text | Image | ToolResult, Field(discriminator="kind")], ...]


class AssistantMessage(FrozenModel):
    """What the model said."""

    role: Literal["assistant"] = "assistant"
    parts: tuple[Annotated[Text | Thinking | ToolCall, Field(discriminator="kind")], ...]

    @property
    def text(self) -> str:
        """Its words alone."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools that it wants to run."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


Message = UserMessage | AssistantMessage


class Usage(FrozenModel):
    """Tokens. `input` counts all that went in, with what was read from and put into the cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def total(self) -> int:
        """In and out together."""
        return self.input + self.output

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
        )
