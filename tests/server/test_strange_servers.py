"""`pa chat --url` with a key that is not plain, and with services that are no Agent Proxy."""

import base64
import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.answers import Reply
from support.chat_clients import ChatProgram, server_program
from support.chats import serving
from support.forked import heeded_at_start
from support.servers import answering

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
DEEP = "[" * 100_000
RECORD: dict[str, object] = {
    "id": "abc", "title": "", "system_prompt": "", "preset": "", "created_at": "", "messages": [],
    "enable_teams": False, "enable_tracing": False, "enable_approval": False,
    "enable_plan_mode": False, "total_input_tokens": 0, "total_output_tokens": 0,
    "sequence": 0, "active": False, "waiting": [], "requests": [], "plan": None,
}  # fmt: skip
CREATED = {"conversation_id": "abc"}
ROW = {"id": "abc", "title": "a", "created_at": "2026-01-01T00:00:00+00:00", "message_count": 1}


@dataclass
class Strange:
    """A service that answers everything alike; `told` is what its socket says."""

    url: str
    body: str = "{}"
    by_start: dict[str, str] = field(default_factory=dict[str, str])  # "METHOD path" and an answer
    told: str = ""

    def answer(self, request: str) -> bytes:
        found = (text for start, text in self.by_start.items() if request.startswith(start))
        return next(found, self.body).encode()


class _Handler(BaseHTTPRequestHandler):
    strange: Strange
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if "upgrade" in self.headers.get("connection", "").lower():
            self._open_socket()
            return
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = self.strange.answer(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name belongs to the library
    do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass

    def _open_socket(self) -> None:
        key = self.headers["sec-websocket-key"].encode()
        self.send_response(101)
        self.send_header("upgrade", "websocket")
        self.send_header("connection", "Upgrade")
        accepted = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        self.send_header("sec-websocket-accept", accepted.decode())
        self.end_headers()
        told = self.strange.told.encode()
        self.wfile.write(b"\x81\x7f" + len(told).to_bytes(8, "big") + told)
        # Until the client closes: what it has not read yet would be lost.
        while (heard := self.rfile.read1(4096)) and b"\x88" not in heard:
            pass
        self.close_connection = True


@contextmanager
def strange_server() -> Generator[Strange]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    strange = Strange(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass.strange = strange  # type: ignore[attr-defined]
    with answering(server):
        yield strange


@pytest.fixture
def strange(tmp_path: Path) -> Generator[tuple[Strange, ChatProgram]]:
    with strange_server() as server:
        env = {**heeded_at_start(), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        options = ("--url", server.url)
        yield server, ChatProgram(tmp_path, None, env, options)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", ["{}", "[]", '"ok"', "not JSON", DEEP], ids=lambda body: body[:8])
def test_a_new_conversation_of_another_service_is_named(
    strange: tuple[Strange, ChatProgram], body: str
) -> None:
    server, chat = strange
    server.body = body
    _is_refused(server, chat, "-m", "Hello")


@pytest.mark.parametrize("body", ["{}", '"ok"', json.dumps([ROW | {"created_at": "yesterday"}])])
def test_a_list_of_another_service_is_named(
    strange: tuple[Strange, ChatProgram], body: str
) -> None:
    server, chat = strange
    server.body = body
    _is_refused(server, chat, "--list")


def test_a_conversation_of_another_service_is_named(strange: tuple[Strange, ChatProgram]) -> None:
    server, chat = strange
    server.by_start = {"POST": json.dumps(CREATED)}
    _is_refused(server, chat, "-m", "Hello")


@pytest.mark.parametrize("told", ["{}", '"ok"', DEEP, '{"type": "done", "usage": null}'],
                         ids=lambda told: told[:8])  # fmt: skip
def test_what_another_service_says_over_its_socket_is_named(
    strange: tuple[Strange, ChatProgram], told: str
) -> None:
    server, chat = strange
    server.by_start = {"POST": json.dumps(CREATED)}
    server.body, server.told = json.dumps(RECORD), told
    _is_refused(server, chat, "-m", "Hello")


def test_an_id_of_a_strange_server_draws_nothing(strange: tuple[Strange, ChatProgram]) -> None:
    server, chat = strange
    server.body = json.dumps([ROW | {"id": "\x1b[31mabc\x1b]0;t\x07"}])
    ran = chat("--list")
    assert ran.code == 0, ran.err
    assert "abc" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("key", ["schlüssel-1234", "ключ-12345678"])
def test_a_key_that_is_not_ascii_opens_the_server(tmp_path: Path, key: str) -> None:
    with serving(tmp_path, API_KEY=key) as served:
        chat = server_program(served, tmp_path)
        chat.script("With the key", Reply(text=("yes",)))
        ran = chat("-m", "With the key")
    assert (ran.code, ran.out) == (0, "yes\n"), ran.err


@pytest.mark.parametrize("name", ["API_KEY", "OPENAGENT_API_KEY"])
def test_a_key_with_a_line_end_is_refused_by_name(
    strange: tuple[Strange, ChatProgram], name: str
) -> None:
    _, chat = strange
    chat.env[name] = "abc\ndef"
    ran = chat("--list")
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert f"{name}: " in ran.err
    assert "abc" not in ran.err


def _is_refused(server: Strange, chat: ChatProgram, *arguments: str) -> None:
    ran = chat(*arguments)
    assert ran.code == 6, (ran.out, ran.err)
    assert f"{server.url} is no Agent Proxy" in ran.err
    assert ran.out == ""
