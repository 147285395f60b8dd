"""Reads an answer from a stream of Anthropic's messages; pure."""

from typing import cast

from pydantic import JsonValue

from agentproxy.events.conversation import StopReason, Usage
from agentproxy.models.hot_wires.answer import (
    DeltaBuffer,
    Fields,
    OpenAnswer,
    OpenCall,
    OpenText,
    count_in,
    fields_of,
    table_in,
    text_in,
)
from agentproxy.models.hot_wires.failures import WireFailure
from agentproxy.models.port import ModelAnswer, ModelUnavailable
from agentproxy.text.pieces import Pieces

STOPS: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "compaction": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "refusal": "refused",
}
PROVIDER = "anthropic"
_OF_CALLS = "partial_json"
# Where the text of each kind of piece stands.
_DELTAS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": _OF_CALLS,
    "signature_delta": "signature",
}
_COUNTS = (
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
)  # fmt: skip


class MessagesStream:
    """One answer. `read` takes the events in their order."""

    def __init__(self, model: str, deltas: DeltaBuffer) -> None:
        self._answer = OpenAnswer(model=model)
        self._deltas = deltas
        self._blocks: dict[object, OpenText | OpenCall | None] = {}
        self._counts: dict[str, int] = {}

    @property
    def usage(self) -> Usage:
        counts = self._counts
        read = counts.get("cache_read_input_tokens", 0)
        written = counts.get("cache_creation_input_tokens", 0)
        return Usage(
            # Anthropic counts the tokens of the cache beside those of the input.
            input=counts.get("input_tokens", 0) + read + written,
            output=counts.get("output_tokens", 0),
            cache_read=read,
            cache_write=written,
        )

    def read(self, name: bytes, data: bytes) -> None:
        """Raises Failure: the vendor reports an error. Raises ModelUnavailable: it is no event."""
        if name == b"error":
            raise WireFailure(None, data)
        fields = fields_of(data)
        match fields.get("type"):
            case "content_block_delta":
                self._go_on(fields)
            case "content_block_start":
                self._begin(fields)
            case "message_delta":
                self._end(fields)
            case "message_start":
                message = table_in(fields, "message")
                self._answer.model = text_in(message, "model") or self._answer.model
                self._count(table_in(message, "usage"))
            case "error":
                raise WireFailure(None, data)
            case _:
                return

    def whole(self) -> ModelAnswer:
        """Raises ModelUnavailable."""
        self._answer.usage = self.usage
        return self._answer.whole()

    def _begin(self, fields: Fields) -> None:
        opened = _opened(table_in(fields, "content_block"))
        known = self._block(fields)
        if known is not None and opened is not None:
            if not (isinstance(known, OpenText) and isinstance(opened, OpenText)):
                raise ModelUnavailable("two tool calls of one answer share a place in the stream")
            if known.kind != opened.kind:
                raise ModelUnavailable("two parts of one answer share a place in the stream")
            if opened.pieces:
                self._deltas.add(known, opened.pieces.text)
            return
        self._blocks[fields.get("index")] = opened
        if opened is not None:
            self._answer.parts.append(opened)
        match opened:
            case OpenText() if opened.pieces:
                self._deltas.begin(opened, opened.pieces.text)
            case OpenCall():
                self._deltas.begin(opened, opened.name)
            case _:
                return

    def _block(self, fields: Fields) -> OpenText | OpenCall | None:
        try:
            return self._blocks.get(fields.get("index"))
        except TypeError as error:
            raise ModelUnavailable("the place of a part of the answer is no number") from error

    def _go_on(self, fields: Fields) -> None:
        # This runs for each piece of each answer, so it calls little.
        block, delta = self._block(fields), fields.get("delta")
        if block is None or not isinstance(delta, dict):
            return
        delta = cast("Fields", delta)
        kind = delta.get("type")
        name = _DELTAS.get(kind) if isinstance(kind, str) else None
        if name is None:
            return
        if isinstance(block, OpenCall) is not (name == _OF_CALLS):
            raise ModelUnavailable("a part of the answer goes on as another kind of part")
        text = delta.get(name)
        if name == "signature" and isinstance(block, OpenText):
            block.vendor[name] = text if isinstance(text, str) else ""
        elif text and isinstance(text, str):
            self._deltas.add(block, text)

    def _end(self, fields: Fields) -> None:
        self._count(table_in(fields, "usage"))
        reason = text_in(table_in(fields, "delta"), "stop_reason")
        if reason:
            self._answer.told, self._answer.stop = reason, STOPS.get(reason)

    def _count(self, used: Fields) -> None:
        # Each report replaces the one before, count by count.
        for name in _COUNTS:
            count = count_in(used, name)
            if count is not None:
                self._counts[name] = count


def _opened(block: Fields) -> OpenText | OpenCall | None:
    match block.get("type"):
        case "text":
            return OpenText("text", pieces=Pieces(text_in(block, "text")))
        case "thinking":
            vendor: dict[str, JsonValue] = {
                "signature": text_in(block, "signature"),
                "provider_name": PROVIDER,
            }
            return OpenText("thinking", vendor, Pieces(text_in(block, "thinking")))
        case "redacted_thinking":
            return OpenText(
                "thinking",
                {
                    "id": "redacted_thinking",
                    "signature": text_in(block, "data"),
                    "provider_name": PROVIDER,
                },
            )
        case "tool_use":
            given = table_in(block, "input")
            return OpenCall(text_in(block, "id"), text_in(block, "name"), given=given or None)
        case _:
            # A part of the vendor's own tools, or one that is newer than we are.
            return None
