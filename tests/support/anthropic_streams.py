"""Streams of Anthropic's messages, event by event."""

import json
from typing import Any

Body = dict[str, Any]
USED = {"input_tokens": 25, "output_tokens": 1}


def event(kind: str, **fields: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (
        kind.encode(),
        json.dumps({"type": kind, **fields}).encode(),
    )


def begin(**usage: object) -> bytes:
    message: Body = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": {**USED, **usage},
    }  # fmt: skip
    return event("message_start", message=message)


def end(reason: str | None = "end_turn", **usage: object) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None}
    last = event("message_delta", delta=delta, usage={"output_tokens": 15, **usage})
    return last + event("message_stop")


def block(index: int, start: Body, *deltas: Body) -> bytes:
    found = event("content_block_start", index=index, content_block=start)
    for delta in deltas:
        found += event("content_block_delta", index=index, delta=delta)
    return found + event("content_block_stop", index=index)


def text(index: int, *pieces: str, start: str = "") -> bytes:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": start}, *deltas)


def thought(index: int, *pieces: str, signature: str = "sig-1") -> bytes:
    deltas: list[Body] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    signed: Body = {"type": "signature_delta", "signature": signature}
    start = {"type": "thinking", "thinking": "", "signature": ""}
    return block(index, start, *deltas, *([signed] if signature else []))


def call(index: int, key: str, *pieces: str, given: Body | None = None) -> bytes:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    start = {"type": "tool_use", "id": key, "name": "bash", "input": given or {}}
    return block(index, start, *deltas)


STREAMS: dict[str, bytes] = {
    "text in pieces": begin() + text(0, "Hel", "lo") + end(),
    "text at the start of its block": begin() + text(0, " there", start="Hello") + end(),
    "two texts": begin() + text(0, "One.") + text(1, "Two.") + end(),
    "no text": begin() + text(0) + end(),
    "an empty piece": begin() + text(0, "a", "", "b") + end(),
    "other alphabets": begin() + text(0, "naïve 🐍", "\u2028\u0085 x", "\\n\n\r\t\"") + end(),
    "a thought and a text": begin() + thought(0, "Hm", ", well.") + text(1, "Yes") + end(),
    "a thought without a signature": begin()
    + thought(0, "Hm", signature="")
    + text(1, "a")
    + end(),
    "a hidden thought": begin()
    + block(0, {"type": "redacted_thinking", "data": "c2VjcmV0"})
    + text(1, "Yes")
    + end(),
    "only a thought": begin() + thought(0, "Hm") + end(),
    "a call in pieces": begin() + call(0, "c1", '{"comm', 'and": "l', 's"}') + end("tool_use"),
    "a call without arguments": begin() + call(0, "c1") + end("tool_use"),
    "a call with empty pieces": begin() + call(0, "c1", "", "{}") + end("tool_use"),
    "a call whose arguments come as a whole": begin()
    + call(0, "c1", given={"command": "ls"})
    + end("tool_use"),
    "calls beside each other": begin()
    + text(0, "I look.")
    + call(1, "c1", '{"command": "ls"}')
    + call(2, "c2", '{"command": "pwd"}')
    + end("tool_use"),
    "a call that ends as a text does": begin() + call(0, "c1", "{}") + end("end_turn"),
    "arguments that are no JSON": begin() + call(0, "c1", '{"command": "l') + end("tool_use"),
    "arguments that are no object": begin() + call(0, "c1", '["ls"]') + end("tool_use"),
    "the limit of the output": begin() + text(0, "and so") + end("max_tokens"),
    "the limit of the context": begin() + text(0, "and") + end("model_context_window_exceeded"),
    "a stop word": begin() + text(0, "and so") + end("stop_sequence"),
    "a refusal": begin() + text(0, "I will") + end("refusal"),
    "a refusal without a word": begin() + end("refusal"),
    "a pause": begin() + text(0, "one moment") + end("pause_turn"),
    "an unknown reason": begin() + text(0, "and so") + end("tired"),
    "no reason": begin() + text(0, "and so") + end(None),
    "no end": begin() + text(0, "and so"),
    "no last event": begin() + text(0, "Hello") + end().removesuffix(event("message_stop")),
    "nothing at all": b"",
    "only a ping": event("ping"),
    "pings": begin() + event("ping") + text(0, "a") + event("ping") + end(),
    "comments and unknown fields": b": hello\n\nid: 7\nretry: 3\n\n"
    + begin()
    + text(0, "a")
    + end(),
    "an unknown event": begin() + event("weather", degrees=20) + text(0, "a") + end(),
    "an unknown block": begin()
    + block(0, {"type": "hologram", "shape": "cube"}, {"type": "hologram_delta", "x": 1})
    + text(1, "a")
    + end(),
    "an unknown delta": begin()
    + block(0, {"type": "text", "text": "a"}, {"type": "smell_delta", "smell": "x"})
    + end(),
    "a citation": begin()
    + block(
        0,
        {"type": "text", "text": "a", "citations": []},
        {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "x"}},
    )
    + end(),
    "tokens of the cache": begin(cache_read_input_tokens=700, cache_creation_input_tokens=80)
    + text(0, "a")
    + end(),
    "usage that is told again at the end": begin()
    + text(0, "a")
    + end(input_tokens=30, cache_read_input_tokens=5, cache_creation_input_tokens=None),
    "an error": begin()
    + text(0, "a")
    + event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
    "an error before anything": event(
        "error", error={"type": "api_error", "message": "Internal server error"}
    ),
    "an error of an unknown kind": begin()
    + event("error", error={"type": "moon_error", "message": "Full moon"}),
    "an error that is no JSON": begin() + b"event: error\ndata: gateway timeout\n\n",
    "a rate limit": begin() + event("error", error={"type": "rate_limit_error", "message": "Slow"}),
    "an event that is no JSON": begin() + b'event: content_block_delta\ndata: {"type": "con\n\n',
    "an event that was cut": begin() + text(0, "a") + end()[:-30],
    "data in several lines": begin()
    + text(0, "a")
    + end().replace(b'"usage"', b'\ndata: "usage"', 1),
    "two calls at one place": begin()
    + call(0, "c1", '{"a": 1}')
    + call(0, "c2", '{"a": 2}')
    + end("tool_use"),
    "two calls with one id": begin() + call(0, "c1", "{}") + call(1, "c1", "{}") + end("tool_use"),
}  # fmt: skip
