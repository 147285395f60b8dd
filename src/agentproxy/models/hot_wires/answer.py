"""Collects the parts of one answer while its stream comes; pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, cast

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from agentproxy.events.conversation import (
    AssistantMessage,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    Usage,
)
from agentproxy.models.port import Fragment, ModelAnswer, ModelUnavailable, Show
from agentproxy.text.pieces import Pieces

Vendor = dict[str, JsonValue]
Fields = Mapping[str, object]


@dataclass(slots=True)
class OpenText:
    """Text or thinking that may go on."""

    kind: Literal["text", "thinking"]
    vendor: Vendor = field(default_factory=dict[str, JsonValue])
    pieces: Pieces = field(default_factory=Pieces)

    def whole(self) -> Text | Thinking | None:
        text = self.pieces.text
        if self.kind == "thinking":
            return Thinking(text=text, vendor=self.vendor)
        return Text(text=text) if text else None


@dataclass(slots=True)
class OpenCall:
    """A tool call whose arguments may go on."""

    kind: ClassVar[Literal["call"]] = "call"
    id: str
    name: str
    given: Fields | None = None  # arguments that came as a whole, not as text
    vendor: Vendor = field(default_factory=dict[str, JsonValue])
    pieces: Pieces = field(default_factory=Pieces)

    @property
    def is_whole(self) -> bool:
        """Whether the arguments so far are JSON."""
        try:
            from_json(self.pieces.text)
        except ValueError:
            return False
        return True

    def whole(self) -> ToolCall:
        written = self.pieces.text
        if self.given and written:
            raise ModelUnavailable("the arguments of a call came twice")
        if self.given:
            written = to_json(self.given).decode()
        faulty = ""
        arguments: object = {}
        if written:
            try:
                arguments = from_json(written, allow_inf_nan=False)
            except ValueError as error:
                faulty = str(error)
        if not isinstance(arguments, dict):
            faulty = "args should be a dict"
        elif not _is_finite(cast("JsonValue", arguments)):
            faulty = "a number is larger than JSON's readers hold"
        return ToolCall(
            id=self.id,
            name=self.name,
            arguments={} if faulty else cast("dict[str, JsonValue]", arguments),
            invalid=faulty,
            raw_arguments=written if faulty else "",
            vendor=self.vendor,
        )


@dataclass(slots=True)
class OpenAnswer:
    """One answer, as far as it has come."""

    parts: list[OpenText | OpenCall] = field(default_factory=list[OpenText | OpenCall])
    told: str = ""  # the vendor's reason for the end
    stop: StopReason | None = None
    model: str = ""
    usage: Usage = field(default_factory=Usage)

    def whole(self) -> ModelAnswer:
        """Raises ModelUnavailable: no known reason ended the stream, or two calls share an id."""
        if self.stop is None:
            raise ModelUnavailable(f"the answer was cut off ({self.told or 'no reason was given'})")
        found = [whole for part in self.parts if (whole := part.whole()) is not None]
        message = AssistantMessage(parts=tuple(found))
        calls = message.calls
        known = [call.id for call in calls if call.id]
        if len(known) != len(set(known)):
            raise ModelUnavailable("two tool calls of one answer have the same id")
        stop = "tools" if calls and self.stop == "end" else self.stop
        return ModelAnswer(message=message, stop=stop, usage=self.usage, model=self.model)


def _is_finite(value: JsonValue) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return all(_is_finite(each) for each in value.values())
        case list():
            return all(_is_finite(each) for each in value)
        case _:
            return True


class DeltaBuffer:
    """The deltas that the parts of an answer do not have yet. Flush it before they are used."""

    __slots__ = ("_part", "_show", "_texts", "joins")

    def __init__(self, show: Show) -> None:
        self._show = show
        self._part: OpenText | OpenCall | None = None
        self._texts: list[str] = []
        self.joins = False  # what comes of a part in one read is shown together

    def add(self, part: OpenText | OpenCall, text: str) -> None:
        """Adds a text that is not empty."""
        if part is not self._part:
            self.flush()
            self._part = part
        self._texts.append(text)
        if not self.joins:
            self.flush()

    def begin(self, part: OpenText | OpenCall, text: str) -> None:
        """Shows the text that a part begins with."""
        self.flush()
        self._show(Fragment(part.kind, text))

    def flush(self) -> None:
        texts, part = self._texts, self._part
        if texts and part is not None:
            text = texts[0] if len(texts) == 1 else "".join(texts)
            texts.clear()
            part.pieces.add(text)
            self._show(Fragment(part.kind, text))


def with_ids(answer: ModelAnswer, make: Callable[[], str]) -> ModelAnswer:
    """Returns the answer with an id for each call that came without one, as small servers do."""
    parts = answer.message.parts
    if all(part.id for part in parts if isinstance(part, ToolCall)):
        return answer
    named = tuple(
        part.model_copy(update={"id": make()})
        if isinstance(part, ToolCall) and not part.id
        else part
        for part in parts
    )
    return replace(answer, message=answer.message.model_copy(update={"parts": named}))


def fields_of(data: bytes) -> Fields:
    """Returns the JSON object of an event. Raises ModelUnavailable."""
    try:
        event = cast("object", from_json(data, cache_strings="keys"))
    except ValueError as error:
        raise ModelUnavailable("an event of the stream is not JSON") from error
    if not isinstance(event, dict):
        raise ModelUnavailable("an event of the stream is not a JSON object")
    return cast("Fields", event)


def text_in(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def table_in(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return cast("Fields", value) if isinstance(value, dict) else {}


def count_in(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
