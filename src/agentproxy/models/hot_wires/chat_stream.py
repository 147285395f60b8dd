"""Reads an answer from a stream of OpenAI's chat completions; pure."""

from collections.abc import Sequence
from typing import cast

from pydantic_core import to_json

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

STOPS: dict[str, StopReason] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "refused",
}
# Servers of this wire have several names for thoughts.
THOUGHT_FIELDS = ("reasoning", "reasoning_content")
IN_TEXT = "content"  # the field of thoughts that stand between tags in the text
_TAGS = ("<think>", "</think>")


class ChatStream:
    """One answer. `read` takes the events in their order."""

    def __init__(self, model: str, vendor: str, deltas: DeltaBuffer) -> None:
        self._answer = OpenAnswer(model=model)
        self._vendor = vendor
        self._deltas = deltas
        self._open: OpenText | None = None
        self._calls: dict[object, OpenCall] = {}
        self._refused = False
        self.usage = Usage()

    def read(self, name: bytes, data: bytes) -> None:
        """Raises Failure: the vendor reports an error. Raises ModelUnavailable: it is no event."""
        if data.startswith(b"[DONE]"):
            return
        if name == b"error":
            raise WireFailure(None, data)
        fields = fields_of(data)
        if fields.get("error"):
            raise WireFailure(None, data)
        if fields.get("usage") is not None:
            self.usage = _used(table_in(fields, "usage"))
        self._answer.model = text_in(fields, "model") or self._answer.model
        choices = fields.get("choices")
        if not isinstance(choices, list) or not choices:
            return
        choice = cast("Sequence[object]", choices)[0]
        if isinstance(choice, dict):
            self._choose(cast("Fields", choice))

    def whole(self) -> ModelAnswer:
        """Raises ModelUnavailable."""
        if self._refused:
            self._answer.stop = "refused"
        self._answer.usage = self.usage
        return self._answer.whole()

    def _choose(self, choice: Fields) -> None:
        reason = text_in(choice, "finish_reason")
        if reason:
            self._answer.told, self._answer.stop = reason, STOPS.get(reason)
        delta = table_in(choice, "delta")
        self._think(delta)
        text = delta.get("content")
        if isinstance(text, str):
            self._say(text)
        elif isinstance(text, list):
            self._say(_joined(cast("Sequence[object]", text)))
        refusal = text_in(delta, "refusal")
        if refusal:
            self._refused = True
            self._say(refusal)
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            for call in cast("Sequence[object]", calls):
                if isinstance(call, dict):
                    self._call(cast("Fields", call))

    def _think(self, delta: Fields) -> None:
        for field in THOUGHT_FIELDS:
            text = text_in(delta, field)
            if text:
                self._add("thinking", text, field=field)
                return

    def _say(self, text: str) -> None:
        if not text:
            return
        inside = self._open is not None and self._open.vendor.get("id") == IN_TEXT
        # The tags are tokens of their own, so each comes alone.
        if text == _TAGS[0] and not inside:
            self._begin("thinking", field=IN_TEXT)
        elif text == _TAGS[1] and inside:
            self._open = None
        else:
            self._add("thinking" if inside else "text", text, field=IN_TEXT if inside else "")

    def _add(self, kind: str, text: str, *, field: str = "") -> None:
        opened = self._open
        if opened is None or opened.kind != kind or opened.vendor.get("id", "") != field:
            opened = self._begin(kind, field=field)
        self._deltas.add(opened, text)

    def _begin(self, kind: str, *, field: str) -> OpenText:
        if kind == "thinking":
            self._open = OpenText("thinking", {"id": field, "provider_name": self._vendor})
        else:
            self._open = OpenText("text")
        self._answer.parts.append(self._open)
        return self._open

    def _call(self, part: Fields) -> None:
        key, function = text_in(part, "id"), table_in(part, "function")
        place = self._place(part, key)
        name, arguments = text_in(function, "name"), function.get("arguments")
        call = self._calls.get(place)
        if call is None:
            self._open = None
            call = self._calls[place] = OpenCall(key, name)
            self._answer.parts.append(call)
            self._deltas.begin(call, name)
        elif key and call.id and key != call.id:
            raise ModelUnavailable("two tool calls of one answer share a place in the stream")
        else:
            call.id = call.id or key
            # Some servers repeat the whole name in each piece.
            call.name += name if name != call.name else ""
        extra = part.get("extra_content")
        if isinstance(extra, dict):
            call.vendor = {
                "provider_name": self._vendor,
                "provider_details": {"extra_content": extra},
            }
        if isinstance(arguments, dict):
            # Some servers do not write the arguments as a text.
            arguments = to_json(arguments).decode()
        if isinstance(arguments, str) and arguments:
            self._deltas.add(call, arguments)

    def _place(self, part: Fields, key: str) -> object:
        index = part.get("index")
        if isinstance(index, int):
            return index
        # A server without places sends each call whole, or its pieces one after another.
        new = f"new {len(self._calls)}"
        if key:
            known = (place for place, call in self._calls.items() if call.id == key)
            return next(known, new)
        last = next(reversed(self._calls), None)
        if last is None:
            return new
        # Without ids too, the next name behind whole arguments begins a call.
        named = bool(text_in(table_in(part, "function"), "name"))
        self._deltas.flush()
        return new if named and self._calls[last].is_whole else last


def _joined(parts: Sequence[object]) -> str:
    # Some servers send a text as a list of parts.
    tables = (cast("Fields", part) for part in parts if isinstance(part, dict))
    return "".join(text_in(part, "text") for part in tables if part.get("type") == "text")


def _used(usage: Fields) -> Usage:
    details = table_in(usage, "prompt_tokens_details")
    read = count_in(details, "cached_tokens")
    if read is None:
        read = count_in(usage, "prompt_cache_hit_tokens")  # as DeepSeek calls it
    return Usage(
        input=count_in(usage, "prompt_tokens") or 0,
        output=count_in(usage, "completion_tokens") or 0,
        cache_read=read or 0,
        cache_write=count_in(details, "cache_write_tokens") or 0,
    )
