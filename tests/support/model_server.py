"""A model's server that follows a script, over real HTTP, in the four wire formats."""

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.answers import (
    Body,
    Form,
    Reply,
    anthropic_events,
    anthropic_whole,
    chat_events,
    chat_whole,
    error_event,
    gemini_events,
    gemini_whole,
    responses_events,
    responses_whole,
)
from support.servers import answering

SLOW = 0.05  # seconds before each event of a slow answer


@dataclass
class Server:
    """What was asked of it, and what it will answer: each once, or the last for ever where it may
    `repeat`. `think` answers instead, from what was asked. `unforeseen` counts questions that
    nobody wrote an answer for.
    """

    replies: list[Reply]
    repeat: bool = False
    unforeseen: int = 0
    think: Callable[[Body], Reply] | None = None
    url: str = ""
    asked: list[Body] = field(default_factory=list[Body])
    paths: list[str] = field(default_factory=list[str])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def heads(self) -> list[dict[str, str]]:
        """The header lines of all requests, their names in lower case."""
        return [{name.lower(): text for name, text in each.items()} for each in self.headers]

    def next(self) -> Reply:
        """The next answer; past the last one a failure that no client asks again after."""
        if self.repeat and len(self.replies) == 1:
            return self.replies[0]
        if not self.replies:
            self.unforeseen += 1
            return Reply(status=400)
        return self.replies.pop(0)

    def assert_played(self) -> None:
        """Every answer was asked for, and nothing more."""
        assert self.unforeseen == 0, f"{self.unforeseen} questions that nobody wrote an answer for"
        left = self.replies[1:] if self.repeat else self.replies
        assert not left, f"{len(left)} answers that nobody asked for: {left}"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._note({})
            models = [{"id": "a-model", "object": "model"}]
            _send(self, Reply(), {"object": "list", "data": models})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body: Body = json.loads(self.rfile.read(length))
            self._note(body)
            if "count" in self.path:
                _send(self, Reply(), {"input_tokens": 7, "totalTokens": 7})
                return
            reply = server.think(body) if server.think else server.next()
            streamed = body.get("stream", False) or "streamGenerateContent" in self.path
            try:
                if reply.status != 200:
                    _send(self, reply, reply.error or _refusal(reply.status))
                elif streamed:
                    _stream(self, reply, body)
                else:
                    _send(self, reply, _form(self.path).whole(reply, body))
            except (BrokenPipeError, ConnectionResetError):
                server.closed.set()

        def _note(self, body: Body) -> None:
            server.asked.append(body)
            server.paths.append(self.path)
            server.headers.append(dict(self.headers))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Silence."""

    return Handler


def _send(handler: BaseHTTPRequestHandler, reply: Reply, answer: Body) -> None:
    data = json.dumps(answer).encode()
    handler.send_response(reply.status)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    for name, value in (headers | reply.headers).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def _stream(handler: BaseHTTPRequestHandler, reply: Reply, body: Body) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    for line in _told(handler.path, reply, body):
        time.sleep(SLOW if reply.fault == "slow" else 0)
        handler.wfile.write(line.encode())
        handler.wfile.flush()
    while reply.fault in ("hang", "linger"):
        time.sleep(0.02)
        handler.wfile.write(b": still there\n\n")
        handler.wfile.flush()
    handler.close_connection = True


@contextmanager
def model_server(
    *replies: Reply, repeat: bool = False, think: Callable[[Body], Reply] | None = None
) -> Generator[Server]:
    """A running server. At its end all answers must have been asked for, and none twice unless it
    may `repeat` the last.
    """
    server = Server(list(replies), repeat=repeat, think=think)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    with answering(http):
        yield server
    server.assert_played()


def _refusal(status: int) -> Body:
    error = {"type": "error", "message": "no", "code": status, "status": "NO"}
    return {"type": "error", "error": error}


def _told(path: str, reply: Reply, body: Body) -> list[str]:
    """What of an answer is sent."""
    lines = list(_form(path).events(reply, body))
    half = max(len(lines) // 2, 2)
    match reply.fault:
        case "cut" | "hang":
            return lines[:half]
        case "malformed":
            return [*lines[:half], f"{lines[half].rstrip()[:-3]}\n\n", *lines[half + 1 :]]
        case "error event":
            return [*lines[:half], error_event(path)]
        case _:
            return lines


def _form(path: str) -> Form:
    if "/v1/messages" in path:
        return Form(anthropic_events, anthropic_whole)
    if path.endswith("/chat/completions"):
        return Form(chat_events, chat_whole)
    if path.endswith("/responses"):
        return Form(responses_events, responses_whole)
    return Form(gemini_events, gemini_whole)
