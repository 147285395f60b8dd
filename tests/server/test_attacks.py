"""Attacks on HTTP and sockets: each works on a server without our guards, or would."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from support.answers import Reply
from support.chats import PATIENCE, Served, calls, results, serving, text_of, wait_until
from support.raw_http import ask_raw, head
from uvicorn.protocols.http.h11_impl import H11Protocol
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from agentproxy.server.connections import punctual_protocol
from agentproxy.server.entrance.doors import Doors
from agentproxy.server.entrance.guard import Guard

DEADLINE, LONGER = 0.4, 0.5  # seconds
Hasty = punctual_protocol(head_seconds=DEADLINE, body_seconds=DEADLINE)


async def answers(scope: object, receive: object, send: object) -> None:
    """An application that reads the body and answers."""
    while (await receive()).get("more_body"):  # type: ignore[operator]
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


async def lasts(scope: Any, receive: Any, send: Any) -> None:
    """A socket that says what it hears; or a stream that is silent for longer than deadlines."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (heard := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": heard["text"]})
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await asyncio.sleep(LONGER)
    await send({"type": "http.response.body", "body": b"last"})


@contextmanager
def bare_server(
    protocol: type[H11Protocol], application: Callable[..., Any] = answers
) -> Generator[int]:
    """A server with this protocol and nothing of ours behind it: its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=protocol,
        ws="websockets-sansio",
        lifespan="off",
        log_level="critical",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


def is_closed(wire: socket.socket, *, within: float) -> bool:
    wire.settimeout(within)
    try:
        while wire.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


HALVES = {
    "nothing": b"",
    "half a line": b"GET /hea",
    "half a head": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-More: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    "half a second head": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nGET / HTT",
}


def test_half_a_request_holds_no_connection() -> None:
    for protocol, closed in ((H11Protocol, False), (Hasty, True)):
        with bare_server(protocol) as port, ExitStack() as stack:
            wires = {
                name: stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                for name in HALVES
            }
            for name, wire in wires.items():
                wire.sendall(HALVES[name])
            time.sleep(LONGER)
            within = PATIENCE if closed else 0.01
            found = {name: is_closed(wire, within=within) for name, wire in wires.items()}
            assert found == dict.fromkeys(HALVES, closed), protocol


def drips(wire: socket.socket) -> bool:
    """Whether one more line can be sent."""
    try:
        wire.sendall(b"A: b\r\n")
    except OSError:
        return False
    return True


def test_a_head_that_drips_is_cut_off_and_a_body_that_flows_is_not() -> None:
    with bare_server(Hasty) as port:
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            began = time.monotonic()
            while drips(wire):
                assert time.monotonic() - began < PATIENCE
                time.sleep(0.05)
        with socket.create_connection(("127.0.0.1", port)) as wire:
            size = 20 * 8192
            wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(20):
                wire.sendall(b"x" * 8192)
                time.sleep(0.04)
            assert wire.recv(100).startswith(b"HTTP/1.1 200")


def test_the_deadlines_end_where_the_request_does() -> None:
    with bare_server(Hasty, lasts) as port:
        with connect(f"ws://127.0.0.1:{port}/") as client:
            for word in ("one", "two"):
                time.sleep(LONGER)
                client.send(word)
                assert client.recv(timeout=5) == word
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.sendall(request + b"{}")
            came = b""
            while b"last" not in came:
                more = wire.recv(4096)
                assert more, came
                came += more


def test_a_socket_of_the_real_server_outlives_the_deadlines(tmp_path: Path) -> None:
    with serving(tmp_path, REQUEST_HEAD_TIMEOUT="1", REQUEST_BODY_TIMEOUT="1") as server:
        work = calls(("bash", {"command": "sleep 1.2; echo over"}))
        server.script("Work", work, Reply(text=("x",)))
        with server.talk(server.new()) as idle, server.talk(server.new()) as busy:
            came = busy.ask("Work")
            assert "over" in results(came)[0]
            server.script("After", Reply(text=("still here",)))
            assert text_of(idle.ask("After")) == "still here"


def test_the_real_server_has_the_deadlines_that_are_set(tmp_path: Path) -> None:
    deadlines = {"REQUEST_HEAD_TIMEOUT": "1", "REQUEST_BODY_TIMEOUT": "2"}
    with serving(tmp_path, **deadlines) as server, ExitStack() as stack:
        place = urlsplit(server.url)
        address = (str(place.hostname), place.port or 0)
        wires = [stack.enter_context(socket.create_connection(address)) for _ in range(100)]
        late = stack.enter_context(socket.create_connection(address))
        late.sendall(HALVES["half a body"])
        for wire in wires:
            wire.sendall(HALVES["half a head"])
        assert server.request("GET", "/health")[0] == 200, "meanwhile it answers others"
        assert all(is_closed(wire, within=PATIENCE) for wire in wires)
        assert is_closed(late, within=PATIENCE)


# A second request that is hidden in the first must not be answered, or only after a clean end.
HIDDEN = b"GET /sessions HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLED = [
    ("both lengths", ["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n" + HIDDEN),
    ("two lengths", ["Content-Length: 0", "Content-Length: 50"], HIDDEN),
    ("a list of lengths", ["Content-Length: 0, 50"], HIDDEN),
    ("a signed length", ["Content-Length: +0"], HIDDEN),
    ("a length in hex", ["Content-Length: 0x0"], HIDDEN),
    ("an unknown coding", ["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n" + HIDDEN),
    ("a coding with a sign", ["Transfer-Encoding: \x0bchunked"], b"0\r\n\r\n" + HIDDEN),
    ("a space before the colon", ["Content-Length : 50"], HIDDEN),
    ("a bad chunk", ["Transfer-Encoding: chunked"], b"zz\r\n" + HIDDEN),
    ("a negative chunk", ["Transfer-Encoding: chunked"], b"-1\r\n" + HIDDEN),
    ("a NUL in a value", ["X-A: b\x00c"], b""),
    ("a line end in a value", ["X-A: b\rSet-Cookie: a"], b""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "rest"), [row[1:] for row in SMUGGLED], ids=[row[0] for row in SMUGGLED]
)
def test_a_request_that_is_hidden_in_another_is_not_answered(
    served: Served, lines: Sequence[str], rest: bytes
) -> None:
    statuses = ask_raw(served, head(served, "POST /api/chat HTTP/1.1", *lines) + rest)
    assert len(statuses) == 1
    assert 400 <= statuses[0] < 500


def test_heads_that_are_too_large_are_refused(served: Served) -> None:
    large = head(served, "GET /health HTTP/1.1", "X-A: " + "b" * 70_000)
    assert ask_raw(served, large) in ([400], [431], [])
    many = head(served, "GET /health HTTP/1.1", *(f"X-{n}: b" for n in range(10_000)))
    assert ask_raw(served, many) in ([400], [431], [])
    target = head(served, f"GET /{'a' * 70_000} HTTP/1.1")
    assert ask_raw(served, target) in ([400], [414], [])
    assert served.request("GET", "/health")[0] == 200


STRANGE = [
    ("GET http://evil.example/sessions HTTP/1.1", (404, 421, 400)),
    ("GET //evil.example/sessions HTTP/1.1", (404,)),
    ("GET /api/../sessions HTTP/1.1", (404,)),
    ("GET /health/%2e%2e/sessions HTTP/1.1", (404,)),
    ("GET /sessions%00 HTTP/1.1", (404, 400)),
    ("TRACE /sessions HTTP/1.1", (405,)),
    ("CONNECT evil.example:443 HTTP/1.1", (404, 405, 400)),
    ("PUT /api/conversations HTTP/1.1", (405,)),
    ("GET /sessions HTTP/9.9", (400, 505)),
    ("GET /sessions", (400,)),
    ("\x16\x03\x01 garbage", (400,)),
]  # fmt: skip


@pytest.mark.parametrize(("request_line", "allowed"), STRANGE, ids=[row[0][:24] for row in STRANGE])
def test_a_strange_request_reaches_no_route(
    served: Served, request_line: str, allowed: tuple[int, ...]
) -> None:
    (status,) = ask_raw(served, head(served, request_line, "Connection: close"))
    assert status in allowed


HOSTS = ["", "evil.example", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.",
         "localhost:1", "[::1", "localhost, evil.example", "LOCALHOST:99999"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_only_the_names_of_this_machine_are_hosts(served: Served, host: str) -> None:
    sent = f"GET /api/conversations HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    assert ask_raw(served, sent)[0] in (400, 421)


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://localhost.evil.example", "https://localhost:3500",
               "http://localhost:3500.evil.example", "http://localhost:35000", "file://", "*"]
)  # fmt: skip
def test_only_known_pages_are_origins(served: Served, origin: str) -> None:
    assert served.request("GET", "/api/conversations", Origin=origin)[0] == 403
    with pytest.raises(InvalidStatus), served.talk("0123456789ab", Origin=origin):
        pass


def guess(server: Served, number: int, **headers: str) -> tuple[int, Any]:
    return server.request("GET", "/sessions", X_API_Key=f"guess {number}", **headers)


def test_behind_a_trusted_proxy_who_guesses_is_refused_and_nobody_else(tmp_path: Path) -> None:
    proxy = {"API_KEY": "the key", "TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1"}
    with serving(tmp_path, **proxy) as server:
        server.key = ""
        # What stands to the left of the sender's address is the sender's word.
        found = [guess(server, n, X_Forwarded_For=f"192.0.2.{n}, 203.0.113.9") for n in range(80)]
        assert found[-1][0] == 429
        assert "wrong keys from 203.0.113.9" in found[-1][1]["detail"]
        right = {"X_API_Key": "the key", "X_Forwarded_For": "203.0.113.10, 10.1.1.1"}
        assert server.request("GET", "/sessions", **right)[0] == 200
        assert server.request("GET", "/sessions", X_API_Key="the key")[0] == 200


def test_who_guesses_keys_is_refused_before_the_right_one(tmp_path: Path) -> None:
    with serving(tmp_path, API_KEY="the key") as server:
        server.key = ""
        # A header of proxies changes nothing where none is trusted.
        found = [guess(server, n, X_Forwarded_For=f"192.0.2.{n}") for n in range(80)]
        statuses = [status for status, _ in found]
        assert statuses[:60] == [401] * 60
        assert 429 in statuses
        assert "try again in" in found[-1][1]["detail"]
        assert server.request("GET", "/sessions", X_API_Key="the key")[0] == 429
        assert server.request("GET", "/health")[0] == 200
        wait_until(lambda: server.request("GET", "/sessions", X_API_Key="the key")[0] == 200)


def test_who_does_not_read_an_answer_is_let_go() -> None:
    sent: list[str] = []

    async def large(_scope: object, _receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})  # type: ignore[operator]

    async def send(message: object) -> None:
        sent.append(str(message["type"]))  # type: ignore[index]
        if len(sent) > 3:
            await asyncio.Event().wait()  # the client's window is full

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    guard = Guard(large, Doors(hosts=frozenset({"here"}), origins=frozenset()), send_seconds=0.1)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"here")],
             "http_version": "1.1", "query_string": b"", "client": ("127.0.0.1", 1)}  # fmt: skip
    asyncio.run(asyncio.wait_for(guard(scope, receive, send), 5))
    assert len(sent) == 4


# What JSON allows and nobody should: none is a failure of ours, and none becomes a setting.
ODD_JSON = [
    b'{"enable_teams": NaN}',
    b'{"enable_teams": 1e999}',
    b'{"preset": "coding", "preset": "work"}',
    b'{"system_prompt": "\\ud800"}',
    b'{"__proto__": {"enable_teams": true}}',
    b'{"enable_teams": ' + b"[" * 50_000,
    b'{"enable_teams": ' + b"9" * 5000 + b"}",
    b"\xff\xfe{\x00}\x00",
    b'{"a": ' * 2000 + b"1" + b"}" * 2000,
]


@pytest.mark.parametrize("body", ODD_JSON, ids=range(len(ODD_JSON)))
def test_odd_json_is_refused_or_harmless(served: Served, body: bytes) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    connection.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    assert answer.status in (200, 400, 422)
    if answer.status == 200:
        status, shown = served.request("GET", f"/api/conversations/{said['conversation_id']}")
        assert status == 200
        assert shown["enable_teams"] is False
