"""Reads the used tokens from the answers of each wire; pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from agentproxy.events.conversation import Usage
from agentproxy.models.budget import BYTES_PER_TOKEN, count_bytes

WireFormat = Literal["messages", "chat", "responses", "gemini"]
Fields = Mapping[str, object]
ANSWER_NAMES = frozenset(
    {"text", "thinking", "partial_json", "content", "arguments", "delta", "reasoning_content"}
)
_DEEPEST = 20
# Events of the responses wire that repeat the text of earlier ones.
_REPEATS = (".done", ".added", ".completed", ".incomplete", ".created", ".in_progress")


class UsageReader:
    """Reads the events of one answer.

    `told` says that the vendor has reported its output, and `whole` that it has reported all of it.
    """

    def __init__(self, form: WireFormat) -> None:
        self._form: WireFormat = form
        self._counts: dict[str, int] = {}
        self._heard = 0
        self.told = False
        self._ended = False

    @property
    def whole(self) -> bool:
        return self.told and self._ended

    def read(self, event: object) -> None:
        for part in _objects(event):
            kind = part.get("type")
            if not (isinstance(kind, str) and kind.endswith(_REPEATS)):
                self._heard += _bytes(part)
            self._ended = self._ended or _ends(self._form, part)
            for used in _used(self._form, part):
                self._counts |= {
                    name: value
                    for name, value in _flat(used).items()
                    if isinstance(value, int) and value >= 0
                }
                # The first event of Anthropic's wire reports the question only.
                self.told = self.told or kind != "message_start"

    def usage(self, expected: int) -> Usage:
        """Returns the usage. Without a report, the question is `expected` tokens."""
        told = _usage(self._form, self._counts)
        heard = 0 if self.told else self._heard // BYTES_PER_TOKEN
        return told.model_copy(
            update={
                "input": told.input if self._counts else expected,
                "output": max(told.output, heard),
            }
        )


def event_of(lines: bytes) -> object:
    """Returns the JSON of an event of a stream, or None."""
    data = [line[5:].strip() for line in lines.splitlines() if line.startswith(b"data:")]
    try:
        return cast("object", json.loads(b"\n".join(data))) if data else None
    except (ValueError, RecursionError):
        return None


def only_usage(event: object) -> bool:
    """Whether this is the last event of a chat's stream, which reports the usage alone."""
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


def _ends(form: WireFormat, event: Fields) -> bool:
    """Whether the usage up to this event is that of the whole answer."""
    match form:
        case "messages":
            return event.get("type") in ("message_delta", "message_stop")
        case "responses":
            return event.get("type") in ("response.completed", "response.incomplete")
        case "chat":
            return only_usage(event) or _has(event, "choices", "finish_reason")
        case "gemini":
            return _has(event, "candidates", "finishReason")


def _has(event: Fields, name: str, inner: str) -> bool:
    return any(each.get(inner) for each in _objects(event.get(name)))


def _used(form: WireFormat, event: Fields) -> Iterator[Fields]:
    name = "usageMetadata" if form == "gemini" else "usage"
    around = {"messages": "message", "responses": "response"}.get(form, "")
    for place in (event, event.get(around)):
        if isinstance(place, dict):
            yield from _objects(cast("Fields", place).get(name))


def _flat(used: Fields) -> Fields:
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
        # Only this wire counts the tokens of the cache beside those of the input.
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
    # Only the answer's own words are counted, not the names and ids around them.
    if isinstance(value, str):
        return count_bytes(value) if word else 0
    if depth > _DEEPEST:
        return 0
    if isinstance(value, dict):
        fields = cast("Fields", value)
        return sum(
            _bytes(each, word=name in ANSWER_NAMES, depth=depth + 1)
            for name, each in fields.items()
        )
    if isinstance(value, list):
        return sum(_bytes(each, depth=depth + 1) for each in cast("Sequence[object]", value))
    return 0
