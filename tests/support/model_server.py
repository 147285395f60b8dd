"""A model's server that follows a script, over real HTTP, in the four wire formats, streaming."""

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal["", "cut", "hang", "two ids"]
Body = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer of the script. `arguments` of calls are texts, so that they may be malformed."""

    text: tuple[str, ...] = ()
    thinking: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    stop: Literal["end", "tools", "length"] = "end"
    usage: tuple[int, int] = (100, 20)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    fault: Fault = ""


@dataclass
class Server:
    """What was asked of it, and what it will answer; the last answer is repeated. `think` answers
    instead, from what was asked.
    """

    replies: list[Reply]
    think: Callable[[Body], Reply] | None = None
    url: str = ""
    asked: list[Body] = field(default_factory=list[Body])
    paths: list[str] = field(default_factory=list[str])
    closed: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Reply:
        """The next answer."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body: Body = json.loads(self.rfile.read(length))
            server.asked.append(body)
            server.paths.append(self.path)
            reply = server.think(body) if server.think else server.next()
            if reply.status != 200:
                self._refuse(reply)
                return
            try:
                self._stream(reply, body)
            except (BrokenPipeError, ConnectionResetError):
                server.closed.set()

        def _refuse(self, reply: Reply) -> None:
            error = {"type": "error", "message": "no", "code": reply.status, "status": "NO"}
            data = json.dumps({"type": "error", "error": error}).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, reply: Reply, body: Body) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            wire = _wire(self.path)
            for line in _told(list(wire(reply, body)), reply.fault):
                self.wfile.write(line.encode())
                self.wfile.flush()
            while reply.fault == "hang":
                time.sleep(0.02)
                self.wfile.write(b": still there\n\n")
                self.wfile.flush()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Silence."""

    return Handler


@contextmanager
def model_server(
    *replies: Reply, think: Callable[[Body], Reply] | None = None
) -> Generator[Server]:
    """A running server."""
    server = Server(list(replies), think=think)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _told(lines: list[str], fault: Fault) -> list[str]:
    """What of an answer is sent."""
    return lines[: max(len(lines) // 2, 2)] if fault in ("cut", "hang") else lines


def _wire(path: str) -> Any:
    if path.startswith("/v1/messages"):
        return _anthropic
    if path.endswith("/chat/completions"):
        return _chat
    if path.endswith("/responses"):
        return _responses
    return _gemini


def _event(data: Body, *, name: bool = False) -> str:
    head = f"event: {data['type']}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def _anthropic(reply: Reply, body: Body) -> Iterator[str]:
    usage = {"input_tokens": reply.usage[0], "output_tokens": 1}
    message: Body = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
        "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    yield _event({"type": "message_start", "message": message}, name=True)
    blocks: list[tuple[Body, list[Body]]] = []
    if reply.thinking:
        deltas = [
            {"type": "thinking_delta", "thinking": reply.thinking},
            {"type": "signature_delta", "signature": "sig-1"},
        ]
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
        key = "call_1" if reply.fault == "two ids" else f"call_{number}"
        blocks.append(({"type": "tool_use", "id": key, "name": name, "input": {}}, pieces))
    for index, (start, deltas) in enumerate(blocks):
        yield _event(
            {"type": "content_block_start", "index": index, "content_block": start}, name=True
        )
        for delta in deltas:
            yield _event({"type": "content_block_delta", "index": index, "delta": delta}, name=True)
        yield _event({"type": "content_block_stop", "index": index}, name=True)
    stop = {"end": "end_turn", "tools": "tool_use", "length": "max_tokens"}[reply.stop]
    delta = {"stop_reason": stop, "stop_sequence": None}
    used = {"output_tokens": reply.usage[1]}
    yield _event({"type": "message_delta", "delta": delta, "usage": used}, name=True)
    yield _event({"type": "message_stop"}, name=True)


def _chat(reply: Reply, body: Body) -> Iterator[str]:
    def chunk(delta: Body, stop: str | None = None, **more: object) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": stop}
        whole = {
            "id": "chat_1", "object": "chat.completion.chunk", "created": 1,
            "model": body["model"], "choices": [choice], **more,
        }  # fmt: skip
        return f"data: {json.dumps(whole)}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    for piece in reply.text:
        yield chunk({"content": piece})
    for index, (name, _) in enumerate(reply.calls):
        key = "call_1" if reply.fault == "two ids" else f"call_{index + 1}"
        function = {"name": name, "arguments": ""}
        start = {"index": index, "id": key, "type": "function", "function": function}
        yield chunk({"tool_calls": [start]})
    for index, (_, arguments) in enumerate(reply.calls):
        for text in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
    stop = {"end": "stop", "tools": "tool_calls", "length": "length"}[reply.stop]
    yield chunk({}, stop)
    used = {
        "prompt_tokens": reply.usage[0], "completion_tokens": reply.usage[1],
        "total_tokens": sum(reply.usage),
    }  # fmt: skip
    last = json.loads(chunk({}).removeprefix("data: "))
    yield f"data: {json.dumps({**last, 'choices': [], 'usage': used})}\n\n"
    yield "data: [DONE]\n\n"


def _responses(reply: Reply, body: Body) -> Iterator[str]:
    numbers = iter(range(10_000))
    done: list[Body] = []

    def event(kind: str, **data: object) -> str:
        return _event({"type": kind, "sequence_number": next(numbers), **data}, name=True)

    def response(status: str, **more: object) -> Body:
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "model": body["model"],
            "status": status, "output": done, "parallel_tool_calls": True, "tools": [],
            "tool_choice": "auto", "error": None, "incomplete_details": None,
            "instructions": None, "metadata": {}, **more,
        }  # fmt: skip

    yield event("response.created", response=response("in_progress"))
    if reply.text:
        item: Body = {"id": "msg_1", "type": "message", "role": "assistant",
                      "status": "in_progress", "content": []}  # fmt: skip
        yield event("response.output_item.added", output_index=0, item=item)
        part: Body = {"type": "output_text", "text": "", "annotations": []}
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        yield event("response.content_part.added", part=part, **where)
        for piece in reply.text:
            yield event("response.output_text.delta", delta=piece, logprobs=[], **where)
        text = "".join(reply.text)
        yield event("response.output_text.done", text=text, logprobs=[], **where)
        whole: Body = {**item, "status": "completed", "content": [{**part, "text": text}]}
        done.append(whole)
        yield event("response.output_item.done", output_index=0, item=whole)
    for index, (name, arguments) in enumerate(reply.calls, start=len(done)):
        number = 1 if reply.fault == "two ids" else index + 1
        item = {"id": f"fc_{index}", "type": "function_call", "call_id": f"call_{number}",
                "name": name, "arguments": "", "status": "in_progress"}  # fmt: skip
        yield event("response.output_item.added", output_index=index, item=item)
        where = {"item_id": item["id"], "output_index": index}
        for text in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield event("response.function_call_arguments.delta", delta=text, **where)
        yield event(
            "response.function_call_arguments.done", arguments=arguments, name=name, **where
        )
        whole = {**item, "arguments": arguments, "status": "completed"}
        done.append(whole)
        yield event("response.output_item.done", output_index=index, item=whole)
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


def _gemini(reply: Reply, body: Body) -> Iterator[str]:
    def chunk(parts: list[Body], **more: object) -> str:
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}, **more}
        used = {
            "promptTokenCount": reply.usage[0], "candidatesTokenCount": reply.usage[1],
            "totalTokenCount": sum(reply.usage),
        }  # fmt: skip
        whole = {"candidates": [candidate], "usageMetadata": used, "modelVersion": "gemini-x"}
        return f"data: {json.dumps({**whole, 'responseId': 'r1'})}\n\n"

    del body
    for piece in reply.text or ("",):
        yield chunk([{"text": piece}])
    for index, (name, arguments) in enumerate(reply.calls):
        key = "call_1" if reply.fault == "two ids" else f"call_{index + 1}"
        yield chunk([{"functionCall": {"id": key, "name": name, "args": json.loads(arguments)}}])
    stop = {"end": "STOP", "tools": "STOP", "length": "MAX_TOKENS"}[reply.stop]
    yield chunk([], finishReason=stop)
