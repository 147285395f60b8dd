"""What passing answers say of the tokens that they used: each wire's own form; pure.

`Usage.input` counts what was read from and put into the cache too: Anthropic's wire does not, the
others do.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from agentproxy.events.conversation import Usage
from agentproxy.models.budget import BYTES_PER_TOKEN, count_bytes

WireFormat = Literal["messages", "chat", "responses", "gemini"]
Fields = Mapping[str, object]
_WORDS = frozenset(
    {"text", "thinking", "partial_json", "content", "arguments", "delta", "reasoning_content"}
)
_DEEPEST = 20
_REPEATS = (".done", ".added", ".completed", ".incomplete", ".created", ".in_progress")


class UsageReader:
    """Adds up what the events of one answer tell. `told` is whether it told its output at all."""

    def __init__(self, form: WireFormat) -> None:
        self._form: WireFormat = form
        self._counts: dict[str, int] = {}
        self._heard = 0
        self.told = False

    def read(self, event: object) -> None:
        """One event of a stream, or a whole answer."""
        for part in _objects(event):
            kind = part.get("type")
            if not (isinstance(kind, str) and kind.endswith(_REPEATS)):
                self._heard += _bytes(part)
            for used in _used(self._form, part):
                self._counts |= {
                    name: value
                    for name, value in _flat(used).items()
                    if isinstance(value, int) and value >= 0
                }
                self.told = self.told or kind != "message_start"

    def usage(self, expected: int) -> Usage:
        """What was used; where nobody told, the question is `expected` and the answer as heard."""
        told = _usage(self._form, self._counts)
        heard = 0 if self.told else self._heard // BYTES_PER_TOKEN
        return told.model_copy(
            update={
                "input": told.input if self._counts else expected,
                "output": max(told.output, heard),
            }
        )


def event_of(lines: bytes) -> object:
    """The JSON that an event of a stream carries; None where it carries none."""
    data = [line[5:].strip() for line in lines.splitlines() if line.startswith(b"data:")]
    try:
        return cast("object", json.loads(b"\n".join(data))) if data else None
    except (ValueError, RecursionError):
        return None


def only_usage(event: object) -> bool:
    """Whether it is the last event of a chat that was asked for its use: no choice is in it."""
    return (
        isinstance(event, dict)
        and cast("Fields", event).get("choices") == []
        and isinstance(cast("Fields", event).get("usage"), dict)
    )


def _objects(event: object) -> Iterator[Fields]:
    if isinstance(event, dict):
        yield cast("Fields", event)
    elif isinstance(event, list):
        for each in cast("Sequence[object]", event):
            yield from _objects(each)


def _used(form: WireFormat, event: Fields) -> Iterator[Fields]:
    """The objects of an event that count tokens."""
    name = "usageMetadata" if form == "gemini" else "usage"
    around = {"messages": "message", "responses": "response"}.get(form, "")
    for place in (event, event.get(around)):
        if isinstance(place, dict):
            yield from _objects(cast("Fields", place).get(name))


def _flat(used: Fields) -> Fields:
    """The counts, with those of the details beneath by their own names."""
    flat = dict(used)
    for name in ("prompt_tokens_details", "input_tokens_details"):
        for details in _objects(used.get(name)):
            flat |= details
    return flat


def _usage(form: WireFormat, counts: Mapping[str, int]) -> Usage:
    def count(*names: str) -> int:
        return sum(counts.get(name, 0) for name in names)

    read, written = count("cache_read_input_tokens"), count("cache_creation_input_tokens")
    match form:
        case "messages":
            total = count("input_tokens") + read + written
            output = count("output_tokens")
        case "chat":
            total, output = count("prompt_tokens"), count("completion_tokens")
            read, written = count("cached_tokens"), 0
        case "responses":
            total, output = count("input_tokens"), count("output_tokens")
            read, written = count("cached_tokens"), 0
        case "gemini":
            total = count("promptTokenCount", "toolUsePromptTokenCount")
            output = count("candidatesTokenCount", "thoughtsTokenCount")
            read, written = count("cachedContentTokenCount"), 0
    return Usage(input=total, output=output, cache_read=read, cache_write=written)


def _bytes(value: object, *, word: bool = False, depth: int = 0) -> int:
    """How many bytes of the answer's own words there are in it."""
    if isinstance(value, str):
        return count_bytes(value) if word else 0
    if depth > _DEEPEST:
        return 0
    if isinstance(value, dict):
        fields = cast("Fields", value)
        return sum(
            _bytes(each, word=name in _WORDS, depth=depth + 1) for name, each in fields.items()
        )
    if isinstance(value, list):
        return sum(_bytes(each, depth=depth + 1) for each in cast("Sequence[object]", value))
    return 0
