"""HTTP/1.1 as the relay hears and speaks it: strict, bounded in bytes and in time.

What two readers could understand differently is refused: only one of them would be ours.
"""

import asyncio
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

_METHOD = re.compile(r"[A-Z]{1,20}\Z")
_TARGET = re.compile(r"[!-~]{1,4096}\Z")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}\Z")
_LENGTH = re.compile(r"[0-9]{1,12}\Z")
_CHUNK_LENGTH = re.compile(rb"[0-9A-Fa-f]{1,8}\Z")
_PIECE = 65536
_PHRASES = {100: "Continue", 200: "OK", 400: "Bad Request", 401: "Unauthorized"} | {
    402: "Payment Required",
    403: "Forbidden",
    408: "Request Timeout",
    413: "Content Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class Malformed(Exception):
    """Not a request that can be understood in one way only; the connection ends with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ClientGone(Exception):
    """Whoever asked is gone."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of a head and a body, seconds until a connection's next request, for a head, for a
    body, for any write to be taken, and connections at once.
    """

    head: int = 32 * 1024
    body: int = 32 * 1024 * 1024
    idle_seconds: float = 120.0
    head_seconds: float = 10.0
    body_seconds: float = 120.0
    write_seconds: float = 60.0
    connections: int = 32


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The first part of a request; names of fields are in lower case. `length` is None where the
    body comes in chunks.
    """

    method: str
    target: str
    fields: Mapping[str, str]
    length: int | None
    keeps: bool
    chunks: bool


def parse_head(text: bytes) -> RequestHead:
    """Read a head, without the empty line at its end.

    Raises:
        Malformed: it can be read in two ways, or in none.
    """
    line, *lines = text.decode("latin-1").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Malformed(400, "not an HTTP/1.1 request")
    method, target, version = words
    if not _METHOD.match(method) or not _TARGET.match(target):
        raise Malformed(400, "not a plain request line")
    fields = _fields(lines)
    new = version == "HTTP/1.1"
    closes = "close" in fields.get("connection", "").lower()
    return RequestHead(
        method=method,
        target=target,
        fields=fields,
        length=_length(fields, chunks=new),
        keeps=new and not closes,
        chunks=new,
    )


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if not colon or not _NAME.match(name) or any(ord(each) < 32 for each in value):
            raise Malformed(400, "a malformed header line")
        if name in fields and name in ("content-length", "transfer-encoding", "host"):
            raise Malformed(400, f"{name} is given twice")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _length(fields: Mapping[str, str], *, chunks: bool) -> int | None:
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise Malformed(400, "both a length and a transfer coding")
        if coding.lower() != "chunked" or not chunks:
            raise Malformed(400, "a transfer coding other than chunked")
        return None
    if length is None:
        return 0
    if not _LENGTH.match(length):
        raise Malformed(400, "a length that is no number")
    return int(length)


class Connection:
    """One connection of the worker. All waits are bounded."""

    def __init__(self, connection: socket.socket, bounds: Bounds) -> None:
        connection.settimeout(0)
        self._socket = connection
        self._bounds = bounds
        self._unread = bytearray()
        self._loop = asyncio.get_running_loop()

    async def head(self) -> RequestHead | None:
        """The next request's head; None when there is no other.

        Raises:
            Malformed: it is too long, too slow, cut off, or cannot be understood in one way only.
        """
        if not self._unread and not await self._next_begins():
            return None
        try:
            async with asyncio.timeout(self._bounds.head_seconds):
                found = await self._until(b"\r\n\r\n", self._bounds.head)
        except TimeoutError as error:
            raise Malformed(408, "the request did not come in time") from error
        return parse_head(found)

    async def body(self, head: RequestHead) -> bytes:
        """The whole body.

        Raises:
            Malformed: it is too long, too slow, cut off, or badly put in chunks.
        """
        if head.length is not None and head.length > self._bounds.body:
            raise Malformed(413, f"more than {self._bounds.body} bytes")
        if head.fields.get("expect", "").lower() == "100-continue":
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                if head.length is None:
                    return await self._chunked()
                return await self._exactly(head.length)
        except TimeoutError as error:
            raise Malformed(408, "the request's body did not come in time") from error

    async def hung_up(self) -> None:
        """Wait until the other side is gone, keeping what it says meanwhile.

        Raises:
            HungUp: it is, or it says more than anybody would before an answer.
        """
        while len(self._unread) <= self._bounds.head:
            try:
                piece = await self._loop.sock_recv(self._socket, _PIECE)
            except OSError:
                break
            if not piece:
                break
            self._unread += piece
        raise ClientGone

    async def send(self, content: bytes) -> None:
        """Send it whole.

        Raises:
            HungUp: the other side is gone, or takes nothing.
        """
        try:
            async with asyncio.timeout(self._bounds.write_seconds):
                await self._loop.sock_sendall(self._socket, content)
        except (OSError, TimeoutError) as error:
            raise ClientGone from error

    async def linger(self) -> None:
        """Say that this is all, and take what is still sent: closing over it would lose our answer
        on its way.
        """
        try:
            self._socket.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(1.0):
                while await self._loop.sock_recv(self._socket, _PIECE):
                    pass
        except (OSError, TimeoutError):
            return

    async def _next_begins(self) -> bool:
        try:
            async with asyncio.timeout(self._bounds.idle_seconds):
                await self._more()
        except (Malformed, TimeoutError):
            return False
        return True

    async def _more(self) -> None:
        try:
            piece = await self._loop.sock_recv(self._socket, _PIECE)
        except OSError:
            piece = b""
        if not piece:
            raise Malformed(400, "the request was cut off")
        self._unread += piece

    async def _until(self, mark: bytes, most: int) -> bytes:
        searched = 0
        while (at := self._unread.find(mark, searched, most + len(mark))) < 0:
            if len(self._unread) > most:
                raise Malformed(431, f"more than {most} bytes without an end")
            searched = max(0, len(self._unread) - len(mark))
            await self._more()
        found = bytes(self._unread[:at])
        del self._unread[: at + len(mark)]
        return found

    async def _exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            await self._more()
        found = bytes(self._unread[:count])
        del self._unread[:count]
        return found

    async def _chunked(self) -> bytes:
        whole = bytearray()
        while True:
            line = await self._until(b"\r\n", 16)
            if not _CHUNK_LENGTH.match(line):
                raise Malformed(400, "a chunk without a plain length")
            count = int(line, 16)
            if len(whole) + count > self._bounds.body:
                raise Malformed(413, f"more than {self._bounds.body} bytes")
            whole += await self._exactly(count)
            if await self._exactly(2) != b"\r\n":
                raise Malformed(400, "a chunk that is not as long as it says")
            if count == 0:
                return bytes(whole)


def head_of(status: int, fields: Mapping[str, str]) -> bytes:
    """The head of an answer. Whoever calls sees to it that no field holds a line's end."""
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def chunk_of(content: bytes) -> bytes:
    """Some of an answer as a chunk; nothing is the last."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"
