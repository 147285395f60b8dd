"""Answers of a script in the form of each wire: as the events of a stream, and whole."""

import json
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Fault = Literal[
    "", "cut", "hang", "linger", "slow", "malformed", "error event", "two ids", "one index"
]
Body = dict[str, Any]
ANTHROPIC_STOPS = {"end": "end_turn", "tools": "tool_use", "length": "max_tokens"}
CHAT_STOPS = {"end": "stop", "tools": "tool_calls", "length": "length"}


@dataclass(frozen=True)
class Reply:
    """One answer of the script. `arguments` of calls are texts, so that they may be malformed;
    `error` is the body of a status that is not 200.
    """

    text: tuple[str, ...] = ()
    thinking: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    stop: Literal["end", "tools", "length"] = "end"
    usage: tuple[int, int] = (100, 20)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    fault: Fault = ""
    error: Body | None = None
    key: str = ""  # in the ids of an answer on Anthropic's wire; a client may know the others


class Form(NamedTuple):
    """How a wire tells an answer."""

    events: Callable[[Reply, Body], Iterator[str]]
    whole: Callable[[Reply, Body], Body]


def error_event(path: str) -> str:
    """What a vendor sends in mid-answer where it is overloaded."""
    if path.startswith("/v1/messages"):
        error: Body = {"type": "overloaded_error", "message": "Overloaded"}
        return event_text({"type": "error", "error": error}, name=True)
    if path.endswith("/responses"):
        busy = {"code": "server_is_overloaded", "message": "Try later", "param": None}
        return event_text({"type": "error", "sequence_number": 99, **busy}, name=True)
    if path.endswith("/chat/completions"):
        error = {"message": "Try later", "type": "server_error", "code": "overloaded"}
    else:
        error = {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}
    return f"data: {json.dumps({'error': error})}\n\n"


def event_text(data: Body, *, name: bool = False) -> str:
    """An event of a stream."""
    head = f"event: {data['type']}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def anthropic_events(reply: Reply, body: Body) -> Iterator[str]:
    """A message of Anthropic's, block by block."""
    usage = {"input_tokens": reply.usage[0], "output_tokens": 1}
    message: Body = {
        "id": f"msg_{reply.key or 1}", "type": "message", "role": "assistant",
        "model": body["model"], "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": usage,
    }  # fmt: skip
    yield event_text({"type": "message_start", "message": message}, name=True)
    blocks: list[tuple[Body, list[Body]]] = []
    if reply.thinking:
        words = re.findall(r"\S+\s*|\s+", reply.thinking)
        deltas = [{"type": "thinking_delta", "thinking": word} for word in words]
        deltas.append({"type": "signature_delta", "signature": "sig-1"})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if reply.text:
        pieces = [{"type": "text_delta", "text": piece} for piece in reply.text]
        blocks.append(({"type": "text", "text": ""}, pieces))
    for number, (name, arguments) in enumerate(reply.calls, start=1):
        half = len(arguments) // 2
        pieces = [
            {"type": "input_json_delta", "partial_json": text}
            for text in (arguments[:half], arguments[half:])
        ]
        key = "call_1" if reply.fault == "two ids" else f"call_{reply.key}{number}"
        blocks.append(({"type": "tool_use", "id": key, "name": name, "input": {}}, pieces))
    for place, (start, deltas) in enumerate(blocks):
        index = 0 if reply.fault == "one index" else place
        yield event_text(
            {"type": "content_block_start", "index": index, "content_block": start}, name=True
        )
        for delta in deltas:
            yield event_text(
                {"type": "content_block_delta", "index": index, "delta": delta}, name=True
            )
        yield event_text({"type": "content_block_stop", "index": index}, name=True)
    delta = {"stop_reason": ANTHROPIC_STOPS[reply.stop], "stop_sequence": None}
    used = {"output_tokens": reply.usage[1]}
    yield event_text({"type": "message_delta", "delta": delta, "usage": used}, name=True)
    yield event_text({"type": "message_stop"}, name=True)


def chat_events(reply: Reply, body: Body) -> Iterator[str]:
    """A completion of OpenAI's, chunk by chunk."""

    def chunk(delta: Body, stop: str | None = None, **more: object) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": stop}
        whole = {
            "id": "chat_1", "object": "chat.completion.chunk", "created": 1,
            "model": body["model"], "choices": [choice], **more,
        }  # fmt: skip
        return f"data: {json.dumps(whole)}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    if reply.thinking:
        yield chunk({"reasoning_content": reply.thinking})
    for piece in reply.text:
        yield chunk({"content": piece})
    for index, (name, _) in enumerate(reply.calls):
        key = "call_1" if reply.fault == "two ids" else f"call_{index + 1}"
        function = {"name": name, "arguments": ""}
        place = 0 if reply.fault == "one index" else index
        start = {"index": place, "id": key, "type": "function", "function": function}
        yield chunk({"tool_calls": [start]})
    for index, (_, arguments) in enumerate(reply.calls):
        place = 0 if reply.fault == "one index" else index
        for text in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield chunk({"tool_calls": [{"index": place, "function": {"arguments": text}}]})
    yield chunk({}, CHAT_STOPS[reply.stop])
    if body.get("stream") and not body.get("stream_options", {}).get("include_usage"):
        yield "data: [DONE]\n\n"
        return
    used = _chat_usage(reply)
    last = json.loads(chunk({}).removeprefix("data: "))
    yield f"data: {json.dumps({**last, 'choices': [], 'usage': used})}\n\n"
    yield "data: [DONE]\n\n"


Event = Callable[..., str]
Item = Generator[str, None, Body]


def _thought(event: Event, thinking: str) -> Item:
    item: Body = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": None}
    yield event("response.output_item.added", output_index=0, item=item)
    where = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    part = {"type": "summary_text", "text": ""}
    yield event("response.reasoning_summary_part.added", part=part, **where)
    yield event("response.reasoning_summary_text.delta", delta=thinking, **where)
    summary = [{**part, "text": thinking}]
    whole = {**item, "summary": summary, "encrypted_content": "sig-1"}
    yield event("response.output_item.done", output_index=0, item=whole)
    return whole


def _message(event: Event, pieces: Sequence[str], *, place: int) -> Item:
    item: Body = {"id": "msg_1", "type": "message", "role": "assistant",
                  "status": "in_progress", "content": []}  # fmt: skip
    yield event("response.output_item.added", output_index=place, item=item)
    part: Body = {"type": "output_text", "text": "", "annotations": []}
    where = {"item_id": "msg_1", "output_index": place, "content_index": 0}
    yield event("response.content_part.added", part=part, **where)
    for piece in pieces:
        yield event("response.output_text.delta", delta=piece, logprobs=[], **where)
    text = "".join(pieces)
    yield event("response.output_text.done", text=text, logprobs=[], **where)
    whole: Body = {**item, "status": "completed", "content": [{**part, "text": text}]}
    yield event("response.output_item.done", output_index=place, item=whole)
    return whole


def _function_call(event: Event, call: tuple[str, str], *, place: int, key: str) -> Item:
    name, arguments = call
    item: Body = {"id": f"fc_{place}", "type": "function_call", "call_id": key,
                  "name": name, "arguments": "", "status": "in_progress"}  # fmt: skip
    yield event("response.output_item.added", output_index=place, item=item)
    where = {"item_id": item["id"], "output_index": place}
    for text in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
        yield event("response.function_call_arguments.delta", delta=text, **where)
    kind = "response.function_call_arguments.done"
    yield event(kind, arguments=arguments, name=name, **where)
    whole = {**item, "arguments": arguments, "status": "completed"}
    yield event("response.output_item.done", output_index=place, item=whole)
    return whole


def responses_events(reply: Reply, body: Body) -> Iterator[str]:
    """A response of OpenAI's, item by item."""
    numbers = iter(range(10_000))
    done: list[Body] = []

    def event(kind: str, **data: object) -> str:
        return event_text({"type": kind, "sequence_number": next(numbers), **data}, name=True)

    def response(status: str, **more: object) -> Body:
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "model": body["model"],
            "status": status, "output": done, "parallel_tool_calls": True, "tools": [],
            "tool_choice": "auto", "error": None, "incomplete_details": None,
            "instructions": None, "metadata": {}, **more,
        }  # fmt: skip

    yield event("response.created", response=response("in_progress"))
    if reply.thinking:
        done.append((yield from _thought(event, reply.thinking)))
    if reply.text:
        done.append((yield from _message(event, reply.text, place=len(done))))
    for call in reply.calls:
        place = 0 if reply.fault == "one index" else len(done)
        key = "call_1" if reply.fault == "two ids" else f"call_{len(done) + 1}"
        done.append((yield from _function_call(event, call, place=place, key=key)))
    used = {
        "input_tokens": reply.usage[0], "output_tokens": reply.usage[1],
        "total_tokens": sum(reply.usage), "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    if reply.stop == "length":
        details = {"reason": "max_output_tokens"}
        last = response("incomplete", usage=used, incomplete_details=details)
        yield event("response.incomplete", response=last)
    else:
        yield event("response.completed", response=response("completed", usage=used))


def gemini_events(reply: Reply, body: Body) -> Iterator[str]:
    """A response of Gemini's, chunk by chunk."""

    def chunk(parts: list[Body], **more: object) -> str:
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}, **more}
        used = {
            "promptTokenCount": reply.usage[0], "candidatesTokenCount": reply.usage[1],
            "totalTokenCount": sum(reply.usage),
        }  # fmt: skip
        whole = {"candidates": [candidate], "usageMetadata": used, "modelVersion": "gemini-x"}
        return f"data: {json.dumps({**whole, 'responseId': 'r1'})}\n\n"

    del body
    if reply.thinking:
        yield chunk([{"text": reply.thinking, "thought": True, "thoughtSignature": "c2lnLTE="}])
    for piece in reply.text or ("",):
        yield chunk([{"text": piece}])
    for index, (name, arguments) in enumerate(reply.calls):
        key = "call_1" if reply.fault == "two ids" else f"call_{index + 1}"
        yield chunk([{"functionCall": {"id": key, "name": name, "args": json.loads(arguments)}}])
    stop = {"end": "STOP", "tools": "STOP", "length": "MAX_TOKENS"}[reply.stop]
    yield chunk([], finishReason=stop)


def anthropic_whole(reply: Reply, body: Body) -> Body:
    """A message of Anthropic's."""
    content: list[Body] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": reply.thinking, "signature": "sig-1"})
    if reply.text:
        content.append({"type": "text", "text": "".join(reply.text)})
    for number, (name, arguments) in enumerate(reply.calls, start=1):
        call = {"type": "tool_use", "id": f"call_{number}", "name": name}
        content.append({**call, "input": json.loads(arguments)})
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
        "content": content, "stop_reason": ANTHROPIC_STOPS[reply.stop], "stop_sequence": None,
        "usage": {"input_tokens": reply.usage[0], "output_tokens": reply.usage[1]},
    }  # fmt: skip


def _chat_usage(reply: Reply) -> Body:
    used = {"prompt_tokens": reply.usage[0], "completion_tokens": reply.usage[1]}
    return {**used, "total_tokens": sum(reply.usage)}


def chat_whole(reply: Reply, body: Body) -> Body:
    """A completion of OpenAI's."""
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for number, (name, arguments) in enumerate(reply.calls, start=1)
    ]
    message: Body = {"role": "assistant", "content": "".join(reply.text) or None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": CHAT_STOPS[reply.stop]}
    return {
        "id": "chat_1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [choice], "usage": _chat_usage(reply),
    }  # fmt: skip


def responses_whole(reply: Reply, body: Body) -> Body:
    """A response of OpenAI's: it is what the stream's last event holds."""
    *_, last = responses_events(reply, body)
    return json.loads(last.partition("data: ")[2])["response"]


def gemini_whole(reply: Reply, body: Body) -> Body:
    """A response of Gemini's: the stream's chunks as one."""
    chunks = [json.loads(line.removeprefix("data: ")) for line in gemini_events(reply, body)]
    parts = [part for each in chunks for part in each["candidates"][0]["content"]["parts"]]
    chunks[-1]["candidates"][0]["content"]["parts"] = parts
    return chunks[-1]
