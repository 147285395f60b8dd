"""The load of bench/server.py: a model's server that streams, and clients that listen.

Both share two cores with the server that is measured, so they do as little as they can. The model's
server writes all streams from one clock. A client keeps what came and when; it is read afterwards.
"""

import asyncio
import base64
import json
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

RATE = 50  # fragments a second, of each conversation
TICK = 0.001  # seconds
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
BEGINNING: tuple[Mapping[str, object], ...] = (
    {
        "type": "message_start",
        "message": {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
)
END = (
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 2},
    },
    {"type": "message_stop"},
)
FRAGMENT = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, '
    b'"delta": {"type": "text_delta", "text": "%.9f "}}\n\n'
)
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def _lines(*events: Mapping[str, object]) -> bytes:
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


class _Answer(asyncio.Protocol):
    """Answers one question, in Anthropic's wire."""

    def __init__(self, clock: "_Clock") -> None:
        self._clock = clock
        self._came = b""
        self.sent = 0
        self.begin = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.begin:
            return
        self._came += data
        head, _, body = self._came.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if length and len(body) >= int(length):
            self.begin, self._came = time.monotonic(), b""
            self.transport.write(HEAD + _lines(*BEGINNING))
            self._clock.add(self)

    def write(self, now: float, most: int) -> bool:
        """Writes what is due. Returns whether more will be."""
        if self.transport.is_closing():
            return False
        for _ in range(min(int((now - self.begin) * RATE) + 1, most) - self.sent):
            self.transport.write(FRAGMENT % time.monotonic())
            self.sent += 1
        if self.sent == most:
            self.transport.write(_lines(*END))
            self.transport.close()
        return self.sent < most


@dataclass
class _Clock:
    """Writes the fragments of all answers at their times."""

    fragments: int
    # By the time of the next fragment: each answer stands behind those that are due before it.
    _waiting: deque[tuple[float, _Answer]] = field(default_factory=deque[tuple[float, _Answer]])

    def add(self, answer: _Answer) -> None:
        if answer.write(answer.begin, self.fragments):
            self._waiting.append((answer.begin + 1 / RATE, answer))

    async def run(self) -> None:
        while True:
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                due, answer = self._waiting.popleft()
                if answer.write(time.monotonic(), self.fragments):
                    self._waiting.append((max(due + 1 / RATE, now), answer))
            await asyncio.sleep(TICK)


async def serve_model(seconds: float) -> None:
    """Answers every question with a stream of times."""
    clock = _Clock(int(seconds * RATE))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answer(clock), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await clock.run()


class Talk(asyncio.Protocol):
    """The client of one conversation. It offers no compression, so that nobody compresses."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)
        self._rest = b""
        self._open = False
        self._came: list[tuple[float, bytes]] = []
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        place = self._address
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for waiter in (self.opened, self.done):
            if not waiter.done():
                waiter.set_exception(ConnectionError(f"lost: {exc}"))

    def say(self, message: dict[str, str]) -> None:
        self._send(TEXT, json.dumps(message).encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self._rest + data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if b" 101 " not in head:
                self.transport.abort()
                return
            self._open = True
            self.opened.set_result(None)
        at = 0
        while (end := _end_of(data, at)) is not None:
            begin, end = end
            self._take(now, data[at] & 15, data[begin:end])
            at = end
        self._rest = data[at:]

    def messages(self) -> Iterator[tuple[float, dict[str, object]]]:
        for when, payload in self._came:
            yield when, json.loads(payload)

    def close(self) -> None:
        self._send(CLOSE, b"")
        self.transport.close()

    def _take(self, now: float, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._send(PONG, payload)
        elif kind == TEXT:
            self._came.append((now, payload))
            if b'"done"' in payload and not self.done.done():
                self.done.set_result(None)

    def _send(self, kind: int, payload: bytes) -> None:
        # The mask must be there. Zeros leave the bytes as they are.
        size = len(payload)
        long = size.to_bytes(2, "big") if size > 125 else b""
        first = bytes([128 | kind, 128 | (126 if long else size)])
        self.transport.write(first + long + bytes(4) + payload)


def _end_of(data: bytes, at: int) -> tuple[int, int] | None:
    """Returns where the payload of a whole frame begins and ends."""
    if len(data) < at + 2:
        return None
    size, begin = data[at + 1] & 127, at + 2
    if size > 125:
        width = 2 if size == 126 else 8
        size = int.from_bytes(data[begin : begin + width], "big")
        if len(data) < begin + width:
            return None
        begin += width
    return (begin, begin + size) if len(data) >= begin + size else None


async def open_talk(address: str, ready: asyncio.Semaphore) -> Talk:
    place = urlsplit(address)
    async with ready:
        _, talk = await asyncio.get_running_loop().create_connection(
            lambda: Talk(address), place.hostname or "", place.port or 80
        )
        await talk.opened
    return talk


@dataclass
class Lateness:
    """How late the clients are themselves: their event loop, in seconds."""

    seen: list[float] = field(default_factory=list[float])

    async def watch(self) -> None:
        while True:
            begin = time.monotonic()
            await asyncio.sleep(0.01)
            self.seen.append(time.monotonic() - begin - 0.01)
