"""Writes a question in the form of Anthropic's messages; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from agentproxy.models.hot_wires.anthropic_stream import PROVIDER
from agentproxy.models.hot_wires.capabilities import BUDGETS, EFFORTS, Claude
from agentproxy.models.hot_wires.history import EncodedMessages, encoded, in_order
from agentproxy.models.hot_wires.wishes import SAMPLING, most_output, stop_words, wished
from agentproxy.models.port import Effort, Prompt, ToolSpec

KNOWN = frozenset({"temperature", "top_p", "top_k", "parallel_tool_calls", "stop_sequences"})
# The start of the conversation up to each mark is kept in the vendor's cache.
MARK = {"type": "ephemeral", "ttl": "5m"}
DROP_STALE_THOUGHTS = {"prefix_mismatch_behavior": "drop_block"}
THOUGHTS = ("thinking", "redacted_thinking")
_MARKED = b'"cache_control":' + encoded(MARK)
Body = dict[str, object]


class MessagesRequest:
    """Encodes the questions of one conversation to one model."""

    def __init__(self, model: str, accepts: Claude) -> None:
        self._model = model
        self._accepts = accepts
        self._history = EncodedMessages(encode_message)
        self._beginning = _Beginning()

    def encode(self, prompt: Prompt, *, drop_stale_thoughts: bool = False) -> bytes:
        """Returns the body. `drop_stale_thoughts`: see `Claude.binds_thoughts`."""
        said = self._history.of(prompt.messages)
        body = self._settings(prompt, said)
        if drop_stale_thoughts:
            thinking = body.get("thinking") or {"type": "adaptive"}
            body["thinking"] = {**cast("Body", thinking), "block_binding": DROP_STALE_THOUGHTS}
        last = next((at for at in range(len(said) - 1, -1, -1) if said[at]), None)
        if last is not None:
            said[last] = marked(said[last])
        said = [text for text in said if text]
        return b'%s,"messages":[%s]}' % (encoded(body)[:-1], b",".join(said))

    def _settings(self, prompt: Prompt, said: Sequence[bytes]) -> Body:
        most = most_output(prompt)
        if self._accepts.most_output is not None:
            most = min(most, self._accepts.most_output)
        effort = self._effort(prompt, most_output(prompt), said)
        told = wished(prompt, KNOWN)
        if effort is not None or not self._accepts.samples:
            told = {name: value for name, value in told.items() if name not in SAMPLING}
        parallel = told.pop("parallel_tool_calls", None)
        body: Body = {"model": self._model, "max_tokens": most, "stream": True, **told}
        if "stop_sequences" in body:
            body["stop_sequences"] = stop_words(prompt)
        if prompt.system.strip():
            body["system"] = [{"type": "text", "text": prompt.system, "cache_control": MARK}]
        if prompt.tools:
            body["tools"] = _tools(prompt.tools)
            body["tool_choice"] = {"type": "auto"}
            if parallel is not None:
                body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": not parallel}
        return body | self._thinking(effort)

    def _effort(self, prompt: Prompt, most: int, said: Sequence[bytes]) -> Effort | None:
        wanted = prompt.effort
        if wanted is None or not self._accepts.thinks:
            return None
        if self._accepts.adaptive:
            return wanted
        if self._beginning.began_without_thought(prompt.messages, said):
            return None
        # The budget of tokens for thinking has to fit into the answer.
        lower = EFFORTS[EFFORTS.index(wanted) :]
        return next((effort for effort in lower if BUDGETS[effort] < most), None)

    def _thinking(self, effort: Effort | None) -> Body:
        if effort is None:
            return {}
        told = self._accepts.highest if effort == "max" else effort
        config: Body = {"output_config": {"effort": told}} if self._accepts.effort else {}
        if self._accepts.adaptive:
            shown = {"display": "summarized"} if self._accepts.hides_thoughts else {}
            return {**config, "thinking": {"type": "adaptive", **shown}}
        budget = {"type": "enabled", "budget_tokens": BUDGETS[effort]}
        return {**config, "thinking": budget}


def encode_message(message: Message) -> bytes:
    """Returns the message, or nothing for one that says nothing."""
    if isinstance(message, AssistantMessage):
        blocks = _blocks(message)
    else:
        blocks = [block for part in in_order(message) if (block := _told(part)) is not None]
    return encoded({"role": message.role, "content": blocks}) if blocks else b""


def marked(message: bytes) -> bytes:
    """Returns an encoded message with a mark for the cache on its last block."""
    # An encoded message ends with the end of its last block, of its blocks and of itself.
    return b"%s,%s}]}" % (message[:-3], _MARKED)


def _blocks(message: AssistantMessage) -> list[Body]:
    blocks = [block for part in message.parts if (block := _said(part)) is not None]
    # Anthropic refuses every question in which a thought ends a message.
    while blocks and blocks[-1]["type"] in THOUGHTS:
        blocks.pop()
    return blocks


@dataclass(slots=True)
class _Beginning:
    """What the model said first in the turn under way. Each message is looked at once.

    A model that does not choose how long it thinks begins its turn with a thought, or does not
    think in it at all. A turn goes on over results. Its thought may be gone: with a summary, or
    because another model began it.
    """

    _seen: int = 0
    _newest: Message | None = None
    _first: AssistantMessage | None = None
    _first_at: int = 0
    _goes_on: bool = False  # whether a result came after the newest word of the model

    def began_without_thought(self, messages: Sequence[Message], said: Sequence[bytes]) -> bool:
        """`said` are the encoded messages. Those that were seen before are not looked at again."""
        if not self._is_known(messages):
            self._seen, self._first, self._goes_on = 0, None, False
        for at in range(self._seen, len(messages)):
            message = messages[at]
            if not isinstance(message, AssistantMessage):
                results = any(isinstance(part, ToolResult) for part in message.parts)
                self._goes_on = self._goes_on or results
            elif said[at]:
                if self._first is None or not self._goes_on:
                    self._first, self._first_at = message, at
                self._goes_on = False
        self._seen = len(messages)
        self._newest = messages[-1] if messages else None
        if self._first is None or not self._goes_on:
            return False
        return _blocks(self._first)[0]["type"] not in THOUGHTS

    def _is_known(self, messages: Sequence[Message]) -> bool:
        """Whether these are the messages that were seen, and perhaps more."""
        if not 0 < self._seen <= len(messages):
            return False
        first = self._first is None or messages[self._first_at] is self._first
        return first and messages[self._seen - 1] is self._newest


def _text(part: Text | ToolResult) -> Body | None:
    # Anthropic refuses a text that is empty or of blanks alone.
    return {"type": "text", "text": part.text} if part.text.strip() else None


def _told(part: Text | Image | ToolResult) -> Body | None:
    match part:
        case Text():
            return _text(part)
        case Image():
            source = {"type": "base64", "media_type": part.media_type, "data": part.data}
            return {"type": "image", "source": source}
        case ToolResult():
            return {
                "type": "tool_result",
                "tool_use_id": part.call,
                "content": [_text(part)] if part.text.strip() else "",
                "is_error": part.failed,
            }


def _said(part: Text | Thinking | ToolCall) -> Body | None:
    match part:
        case Text():
            return _text(part)
        case Thinking():
            return _thought(part.text, part.vendor)
        case ToolCall():
            arguments: Mapping[str, JsonValue] = part.arguments
            if part.invalid:
                # They go back as the model wrote them. A repair would be a guess.
                arguments = {"INVALID_JSON": part.raw_arguments} if part.raw_arguments else {}
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}


def _thought(text: str, vendor: Mapping[str, JsonValue]) -> Body | None:
    # Only what Anthropic has signed goes back to it. Thoughts of another vendor's model are left
    # out.
    signature = vendor.get("signature")
    if not signature or vendor.get("provider_name") != PROVIDER:
        return None
    if vendor.get("id") == "redacted_thinking":
        return {"type": "redacted_thinking", "data": signature}
    return {"type": "thinking", "thinking": text, "signature": signature}


def _tools(tools: Sequence[ToolSpec]) -> list[Body]:
    found: list[Body] = [
        {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
        for tool in tools
    ]
    found[-1]["cache_control"] = MARK
    return found
