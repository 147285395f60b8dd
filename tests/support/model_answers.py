"""A whole answer of a model's server, put together from the events of the same answer's stream."""

import json
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]


def whole_answer(path: str, lines: list[str]) -> Body:
    """What a stream of these lines comes to, in the form of its wire."""
    events = list(_events(lines))
    if path.startswith("/v1/messages"):
        return _message(events)
    if path.endswith("/chat/completions"):
        return _completion(events)
    if path.endswith("/responses"):
        return dict(events[-1]["response"])
    parts = [part for each in events for part in each["candidates"][0]["content"]["parts"]]
    last = events[-1]
    last["candidates"][0]["content"]["parts"] = parts
    return last


def _events(lines: list[str]) -> Iterator[Body]:
    for line in "".join(lines).splitlines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def _message(events: list[Body]) -> Body:
    message: Body = events[0]["message"]
    for event in events:
        if event["type"] == "content_block_start":
            message["content"].append({**event["content_block"], "written": ""})
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][-1], event["delta"]
            for name in ("text", "thinking", "signature"):
                if name in delta:
                    block[name] += delta[name]
            block["written"] += delta.get("partial_json", "")
        elif event["type"] == "message_delta":
            message |= {**event["delta"], "usage": {**message["usage"], **event["usage"]}}
    for block in message["content"]:
        written = block.pop("written")
        if block["type"] == "tool_use":
            block["input"] = json.loads(written)
    return message


def _completion(events: list[Body]) -> Body:
    message: Body = {"role": "assistant", "content": ""}
    stop = None
    for event in events:
        for choice in event["choices"]:
            delta, stop = choice["delta"], choice["finish_reason"] or stop
            message["content"] += delta.get("content") or ""
            for call in delta.get("tool_calls", ()):
                calls: list[Body] = message.setdefault("tool_calls", [])
                if "id" in call:
                    calls.append({**call, "function": dict(call["function"])})
                else:
                    calls[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    choice = {"index": 0, "message": message, "finish_reason": stop}
    return {**events[-1], "object": "chat.completion", "choices": [choice]}
