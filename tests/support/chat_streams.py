"""Streams of OpenAI's chat completions, chunk by chunk."""

import json
from typing import Any

Body = dict[str, Any]
DONE = b"data: [DONE]\n\n"


def chunk(delta: Body | None, reason: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return sent({"choices": [choice], **more})


def sent(fields: Body) -> bytes:
    head = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1, "model": "m-2"}
    return f"data: {json.dumps({**head, **fields})}\n\n".encode()


def used(prompt: int = 25, completion: int = 15, **more: object) -> Body:
    tokens = {"prompt_tokens": prompt, "completion_tokens": completion}
    return {**tokens, "total_tokens": prompt + completion, **more}


def text(*pieces: str) -> bytes:
    return b"".join(chunk({"content": piece}) for piece in pieces)


def thought(*pieces: str, field: str = "reasoning_content") -> bytes:
    return b"".join(chunk({"content": None, field: piece}) for piece in pieces)


def call(index: int, key: str, *pieces: str, name: str = "bash") -> bytes:
    function = {"name": name, "arguments": ""}
    start = {"index": index, "id": key, "type": "function", "function": function}
    found = chunk({"tool_calls": [start]})
    for piece in pieces:
        found += more(index, piece)
    return found


def more(index: int, piece: str) -> bytes:
    return chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})


def end(reason: str | None = "stop", **usage: object) -> bytes:
    return chunk({}, reason) + sent({"choices": [], "usage": used(**usage)}) + DONE  # pyright: ignore[reportArgumentType]


BEGIN = chunk({"role": "assistant", "content": "", "refusal": None})
STREAMS: dict[str, bytes] = {
    "text in pieces": BEGIN + text("Hel", "lo") + end(),
    "no text": BEGIN + end(),
    "an empty piece": BEGIN + text("a", "", "b") + end(),
    "other alphabets": BEGIN + text("naïve 🐍", "\u2028\u0085 x", "\\n\n\r\t\"") + end(),
    "white space first": BEGIN + text("\n\n", "Hello") + end(),
    "text as parts": BEGIN
    + chunk({"content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]})
    + end(),
    "thoughts as DeepSeek sends them": BEGIN + thought("Hm", ", well.") + text("Yes") + end(),
    "thoughts as Ollama sends them": BEGIN + thought("Hm", field="reasoning") + text("Yes") + end(),
    "thoughts in both fields": BEGIN
    + chunk({"reasoning": "Hm", "reasoning_content": "Hm"})
    + text("Yes")
    + end(),
    "thoughts between tags": BEGIN + text("<think>", "Hm", ".", "</think>", "Yes") + end(),
    "thoughts between tags that never end": BEGIN + text("<think>", "Hm") + end(),
    "tags within a text": BEGIN + text("a <think> b", "</think>") + end(),
    "text, thoughts and text": BEGIN + text("One") + thought("Hm") + text("Two") + end(),
    "only a thought": BEGIN + thought("Hm") + end(),
    "a call in pieces": BEGIN + call(0, "c1", '{"comm', 'and": "l', 's"}') + end("tool_calls"),
    "a call without arguments": BEGIN + call(0, "c1") + end("tool_calls"),
    "a whole call in one chunk": BEGIN
    + chunk(
        {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "bash", "arguments": "{}"}}]}
    )
    + end("tool_calls"),
    "a call after a text": BEGIN + text("I look.") + call(0, "c1", "{}") + end("tool_calls"),
    "a text after a call": BEGIN + call(0, "c1", "{}") + text("and so") + end("tool_calls"),
    "a text between the pieces of a call": BEGIN
    + call(0, "c1", '{"a"')
    + text("One")
    + more(0, ": 1}")
    + text("Two")
    + end("tool_calls"),
    "calls beside each other": BEGIN
    + call(0, "c1", '{"command": "ls"}')
    + call(1, "c2", '{"command": "pwd"}')
    + end("tool_calls"),
    "calls whose pieces are mixed": BEGIN
    + call(0, "c1")
    + call(1, "c2")
    + more(0, '{"a"')
    + more(1, '{"b"')
    + more(0, ": 1}")
    + more(1, ": 2}")
    + end("tool_calls"),
    "several pieces in one chunk": BEGIN
    + chunk(
        {
            "content": "I look.",
            "tool_calls": [
                {"index": 0, "id": "c1", "function": {"name": "bash", "arguments": '{"a"'}},
                {"index": 1, "id": "c2", "function": {"name": "look", "arguments": "{}"}},
                {"index": 0, "function": {"arguments": ": 1}"}},
            ],
        }
    )
    + end("tool_calls"),
    "an id in each piece": BEGIN
    + call(0, "c1")
    + chunk({"tool_calls": [{"index": 0, "id": "c1", "function": {"arguments": "{}"}}]})
    + end("tool_calls"),
    "a name in pieces": BEGIN
    + call(0, "c1", name="ba")
    + chunk({"tool_calls": [{"index": 0, "function": {"name": "sh", "arguments": "{}"}}]})
    + end("tool_calls"),
    "a call with more of its vendor's": BEGIN
    + chunk(
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "c1",
                    "function": {"name": "bash", "arguments": "{}"},
                    "extra_content": {"google": {"thought_signature": "c2ln"}},
                }
            ]
        }
    )
    + end("tool_calls"),
    "a call that ends as a text does": BEGIN + call(0, "c1", "{}") + end("stop"),
    "a call that ends as an old one": BEGIN + call(0, "c1", "{}") + end("function_call"),
    "arguments that are no JSON": BEGIN + call(0, "c1", '{"command": "l') + end("tool_calls"),
    "arguments that are no object": BEGIN + call(0, "c1", '["ls"]') + end("tool_calls"),
    "the limit of the output": BEGIN + text("and so") + end("length"),
    "a filter": BEGIN + text("I will") + end("content_filter"),
    "an unknown reason": BEGIN + text("and so") + end("tired"),
    "no reason": BEGIN + text("and so") + end(None),
    "no end": BEGIN + text("and so"),
    "no last event": BEGIN + text("Hello") + end().removesuffix(DONE),
    "more after the last event": BEGIN + text("Hello") + end() + b": done\n\n",
    "no usage": BEGIN + text("Hello") + chunk({}, "stop") + DONE,
    "usage in the last chunk with words": BEGIN
    + text("Hello")
    + chunk({}, "stop", usage=used())
    + DONE,
    "usage that is null until the end": BEGIN
    + chunk({"content": "Hello"}, usage=None)
    + chunk({}, "stop", usage=None)
    + sent({"choices": [], "usage": used()})
    + DONE,
    "tokens of the cache": BEGIN
    + text("a")
    + end(prompt_tokens_details={"cached_tokens": 20, "audio_tokens": 0}),
    "tokens of thoughts": BEGIN
    + text("a")
    + end(completion_tokens_details={"reasoning_tokens": 9}),
    "nothing at all": b"",
    "only the last event": DONE,
    "no choices at the start": sent({"choices": [], "prompt_filter_results": []})
    + BEGIN
    + text("Hello")
    + end(),
    "choices that are null": sent({"choices": None}) + BEGIN + text("Hello") + end(),
    "a delta that is null": BEGIN + chunk(None) + text("Hello") + end(),
    "comments": b": OPENROUTER PROCESSING\n\n" + BEGIN + text("Hello") + b":\n\n" + end(),
    "unknown fields": BEGIN + chunk({"content": "a", "mood": "good"}, weather="fine") + end(),
    "an error": BEGIN + text("a") + sent({"error": {"message": "Later", "code": "overloaded"}}),
    "an error with a status": BEGIN + sent({"error": {"message": "Bad gateway", "code": 502}}),
    "an error of an unknown kind": BEGIN + sent({"error": {"message": "Full moon"}}),
    "an error before anything": b'data: {"error": {"message": "no", "type": "server_error"}}\n\n',
    "a rate limit": BEGIN
    + sent({"error": {"message": "Slow", "code": "rate_limit_exceeded"}}),
    "no credit": BEGIN + sent({"error": {"message": "Pay", "code": "insufficient_quota"}}),
    "an event that is no JSON": BEGIN + b'data: {"choices": [\n\n',
    "data in several lines": BEGIN + text("Hello") + end().replace(b'"usage"', b'\ndata: "usage"'),
    "two calls at one place": BEGIN
    + call(0, "c1", '{"a": 1}')
    + call(0, "c2", '{"a": 2}')
    + end("tool_calls"),
    "two calls with one id": BEGIN + call(0, "c1", "{}") + call(1, "c1", "{}") + end("tool_calls"),
}  # fmt: skip
