"""Reads requests and writes answers on one client connection, over h11.

Input that two readers could understand differently is refused: only one of them would be ours.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import h11

from agentproxy.net.request import (
    BodyBudget,
    Bounds,
    ClientGone,
    Malformed,
    RequestHead,
    check_head,
)
from agentproxy.net.stream import Stream

MAX_CHUNKS: Final = 16384  # each costs h11 some microseconds of the event loop, at any size
_END: Final = b"\r\n\r\n"
_LAST_CHUNK: Final = len(b"0\r\n\r\n")
_LINE_ENDS: Final = 4  # bytes, after a chunk's length and after its content
_UNCOUNTED: Final = 64  # bytes of a chunk that may come before its content
_NOT_READ: Final = "a malformed request line, header line or chunk"
_NOT_PLAIN: Final = "a chunk with more than its length and its content"
_PHRASES: Final = {status.value: status.phrase.encode() for status in HTTPStatus}
_EMPTY: Final = (204, 304)  # statuses without a body


class Connection:
    """Handles one request after another: `head`, `body`, then an answer."""

    def __init__(self, stream: Stream, bounds: Bounds, *, bodies: BodyBudget) -> None:
        self.stream = stream
        self._bounds = bounds
        self._bodies = bodies
        self._held = 0
        self._http = self._new_request()

    @property
    def reusable(self) -> bool:
        """Whether another request may follow the answer."""
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def head(self) -> RequestHead | None:
        """Returns the head of the next request; None at the end of the connection.

        Raises:
            Malformed: too long, too slow, cut off, or ambiguous.
        """
        self._http = self._new_request()
        if not self.stream.unread and not await self._next_begins():
            return None
        try:
            async with asyncio.timeout(self._bounds.head_seconds):
                text = await self._until_empty_line()
        except TimeoutError as error:
            raise Malformed(408, "the request did not come in time") from error
        check_head(text)
        return self._parse(text)

    async def body(self, head: RequestHead) -> bytes:
        """Returns the whole body. It counts against the budget until the next head or
        `forget_body`.

        Raises:
            Malformed: too long, too slow, cut off, in bad chunks, or over the budget of all bodies.
        """
        # Before the bytes are read: a body that is too large costs no memory.
        if head.length is not None:
            self._hold(head.length)
        if self._http.they_are_waiting_for_100_continue:
            proceed = h11.InformationalResponse(status_code=100, headers=[], reason=_PHRASES[100])
            await self.stream.send(self._http.send(proceed))
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                return await self._whole_body(_Chunks() if head.length is None else None)
        except TimeoutError as error:
            raise Malformed(408, "the request's body did not come in time") from error

    def forget_body(self) -> None:
        self._bodies.give_back(self._held)
        self._held = 0

    async def until_gone(self) -> None:
        """Waits until the client is gone, and keeps the bytes that it sends.

        Raises:
            ClientGone: always, also when the client sends too much before the answer.
        """
        while len(self.stream.unread) <= self._bounds.head:
            await self.stream.more()
        raise ClientGone

    async def send(self, content: bytes) -> None:
        await self.stream.send(content)

    def encode_head(self, status: int, fields: Mapping[str, str]) -> bytes:
        """Encodes the head of an answer. No field may contain a line end."""
        self._empty = self._empty or status in _EMPTY
        # Without a content-length h11 sends chunks, or ends the connection for HTTP/1.0.
        headers = [
            (name.encode("latin-1", "replace"), value.strip().encode("latin-1", "replace"))
            for name, value in fields.items()
        ]
        reason = _PHRASES.get(status, b"Status")
        return self._http.send(h11.Response(status_code=status, headers=headers, reason=reason))

    def encode_data(self, content: bytes) -> bytes:
        return b"" if self._empty else self._http.send(h11.Data(data=content))

    def encode_end(self) -> bytes:
        return self._http.send(h11.EndOfMessage())

    async def refuse(
        self, status: int, body: bytes, *, kind: str, more: Mapping[str, str] | None = None
    ) -> None:
        """Sends a whole answer and ends the connection. `kind` is the media type. Raises
        ClientGone.
        """
        fields = {"content-type": kind, "content-length": str(len(body)), **(more or {})}
        head = self.encode_head(status, {**fields, "connection": "close"})
        await self.send(head + self.encode_data(body))
        await self.stream.linger()

    def _new_request(self) -> h11.Connection:
        self.forget_body()
        self._empty = False
        return h11.Connection(h11.SERVER, max_incomplete_event_size=self._bounds.head)

    async def _next_begins(self) -> bool:
        try:
            async with asyncio.timeout(self._bounds.idle_seconds):
                await self.stream.more()
        except (ClientGone, TimeoutError):
            return False
        return True

    async def _more(self) -> None:
        try:
            await self.stream.more()
        except ClientGone as error:
            raise Malformed(400, "the request was cut off") from error

    async def _until_empty_line(self) -> bytes:
        unread, most, searched = self.stream.unread, self._bounds.head, 0
        while (at := unread.find(_END, searched, most + len(_END))) < 0:
            if len(unread) > most:
                raise Malformed(431, "the request is too long")
            searched = max(0, len(unread) - len(_END))
            await self._more()
        text = bytes(unread[:at])
        del unread[: at + len(_END)]
        return text

    def _parse(self, text: bytes) -> RequestHead:
        # Some clients send CONNECT without a host. That is harmless: only the target decides.
        host = b"" if b"\r\nhost:" in text.lower() else b"\r\nHost:"
        self._http.receive_data(text + host + _END)
        request = self._event()
        if not isinstance(request, h11.Request):
            raise Malformed(400, _NOT_READ)
        fields: dict[str, str] = {}
        for name, value in request.headers:
            known, new = name.decode("latin-1"), value.decode("latin-1")
            fields[known] = f"{fields[known]}, {new}" if known in fields else new
        self._empty = request.method == b"HEAD"
        chunked = "transfer-encoding" in fields
        return RequestHead(
            method=request.method.decode("latin-1"),
            target=request.target.decode("latin-1"),
            fields=fields,
            lines=request.headers.raw_items(),
            length=None if chunked else int(fields.get("content-length", 0)),
        )

    def _event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise Malformed(400, _NOT_READ) from error

    def _hold(self, count: int) -> None:
        if self._held + count > self._bounds.body:
            raise Malformed(413, f"more than {self._bounds.body} bytes")
        self._bodies.take(count)
        self._held += count

    async def _whole_body(self, chunks: "_Chunks | None") -> bytes:
        content = bytearray()
        while not isinstance(event := self._event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                await self._feed(chunks)
                continue
            if chunks is not None:
                chunks.add(event)
                self._hold(len(event.data))
            content += event.data
        self.stream.unread[:0] = self._http.trailing_data[0]
        if chunks is not None:
            chunks.check_end(unused=len(self.stream.unread))
        return bytes(content)

    async def _feed(self, chunks: "_Chunks | None") -> None:
        if not self.stream.unread:
            await self._more()
        # h11 has used up all earlier bytes, so its buffer stays small.
        piece = bytes(self.stream.unread)
        self.stream.unread.clear()
        if chunks is not None:
            chunks.feed(len(piece))
        self._http.receive_data(piece)


@dataclass
class _Chunks:
    """Checks that chunks are in their shortest form: a length, the content, and no trailer."""

    # h11 accepts extensions, leading zeros and trailers, and does not report them: so bytes are
    # counted.
    came: int = 0  # bytes of all chunks
    shortest: int = 0  # bytes that their content needs
    open: int = 0  # content bytes of the unfinished chunk
    number: int = 0

    def feed(self, count: int) -> None:
        if self.came - self.shortest > _UNCOUNTED:
            raise Malformed(400, _NOT_PLAIN)
        self.came += count

    def add(self, data: h11.Data) -> None:
        self.open += len(data.data)
        self.shortest += len(data.data)
        if data.chunk_end:
            self.shortest += len(f"{self.open:x}") + _LINE_ENDS
            self.open, self.number = 0, self.number + 1
        if self.number > MAX_CHUNKS:
            raise Malformed(400, f"a body in more than {MAX_CHUNKS} chunks")

    def check_end(self, *, unused: int) -> None:
        # `unused` bytes belong to the next request.
        if self.came - unused != self.shortest + _LAST_CHUNK:
            raise Malformed(400, _NOT_PLAIN)
