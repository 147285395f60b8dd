"""Requests and answers on one connection of a client: h11 reads the ones and writes the others.

What two readers could understand differently is refused: only one of them would be ours.
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

MAX_CHUNKS: Final = 16384  # each costs h11 some microseconds of the event loop, however small it is
_END: Final = b"\r\n\r\n"
_LAST_CHUNK: Final = len(b"0\r\n\r\n")
_LINE_ENDS: Final = 4  # bytes, after a chunk's length and after its content
_UNCOUNTED: Final = 64  # bytes of a chunk that may have come before any of its content
_NOT_READ: Final = "a malformed request line, header line or chunk"
_NOT_PLAIN: Final = "a chunk that is more than its length and its content"
_PHRASES: Final = {status.value: status.phrase.encode() for status in HTTPStatus}
_EMPTY: Final = (204, 304)  # statuses of answers that have no body


class Connection:
    """Requests come one after another: `head`, `body`, then an answer, and again `head`.

    `reusable` is whether another may follow once an answer was sent.
    """

    def __init__(self, stream: Stream, bounds: Bounds, *, bodies: BodyBudget) -> None:
        self.stream = stream
        self._bounds = bounds
        self._bodies = bodies
        self._held = 0
        self._http = self._new_request()

    @property
    def reusable(self) -> bool:
        """Both sides have said all, and neither asked to end."""
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def head(self) -> RequestHead | None:
        """The next request's head; None when there is no other.

        Raises:
            Malformed: it is too long, too slow, cut off, or cannot be understood in one way only.
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
        """The whole body. It counts as held until the next head is awaited, or `forget_body`.

        Raises:
            Malformed: it is too long, too slow, cut off, badly put in chunks, or too much beside
                the bodies of the other connections.
        """
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
        """What was read as a body is not held any more."""
        self._bodies.give_back(self._held)
        self._held = 0

    async def until_gone(self) -> None:
        """Wait until the client is gone, keeping what it says meanwhile.

        Raises:
            ClientGone: it is, or it says more than anybody would before an answer.
        """
        while len(self.stream.unread) <= self._bounds.head:
            await self.stream.more()
        raise ClientGone

    async def send(self, content: bytes) -> None:
        """Send what was encoded.

        Raises:
            ClientGone: the client is gone, or takes nothing.
        """
        await self.stream.send(content)

    def encode_head(self, status: int, fields: Mapping[str, str]) -> bytes:
        """The head of an answer, whose fields hold no line's end. Without a `content-length` the
        answer goes in chunks, or ends with the connection where the client knows no chunks.
        """
        self._empty = self._empty or status in _EMPTY
        headers = [
            (name.encode("latin-1", "replace"), value.strip().encode("latin-1", "replace"))
            for name, value in fields.items()
        ]
        reason = _PHRASES.get(status, b"Status")
        return self._http.send(h11.Response(status_code=status, headers=headers, reason=reason))

    def encode_data(self, content: bytes) -> bytes:
        """Some of an answer."""
        return b"" if self._empty else self._http.send(h11.Data(data=content))

    def encode_end(self) -> bytes:
        """What says that an answer is whole."""
        return self._http.send(h11.EndOfMessage())

    async def refuse(
        self, status: int, body: bytes, *, kind: str, more: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole answer of our own, and end with it; `kind` is its media type.

        Raises:
            ClientGone: nobody takes it.
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
        # Some clients of a proxy name no host; where they want to go is the target.
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
        """Hand h11 what came; it has used up all that it was handed before."""
        if not self.stream.unread:
            await self._more()
        piece = bytes(self.stream.unread)
        self.stream.unread.clear()
        if chunks is not None:
            chunks.feed(len(piece))
        self._http.receive_data(piece)


@dataclass
class _Chunks:
    """Holds chunks to their shortest form: a length, that much content, and no trailer after them.

    h11 reads more than that, and does not tell. `came` are all bytes of them, and `shortest` those
    that their content needs; `open` is the content of the chunk that is not at its end.
    """

    came: int = 0
    shortest: int = 0
    open: int = 0
    number: int = 0

    def feed(self, count: int) -> None:
        """Count bytes that h11 is handed next.

        Raises:
            Malformed: those before them were more than their content needs.
        """
        if self.came - self.shortest > _UNCOUNTED:
            raise Malformed(400, _NOT_PLAIN)
        self.came += count

    def add(self, data: h11.Data) -> None:
        """Count content.

        Raises:
            Malformed: it is in too many chunks.
        """
        self.open += len(data.data)
        self.shortest += len(data.data)
        if data.chunk_end:
            self.shortest += len(f"{self.open:x}") + _LINE_ENDS
            self.open, self.number = 0, self.number + 1
        if self.number > MAX_CHUNKS:
            raise Malformed(400, f"a body in more than {MAX_CHUNKS} chunks")

    def check_end(self, *, unused: int) -> None:
        """Let pass chunks that are over, with bytes of the next request behind them.

        Raises:
            Malformed: they were not in their shortest form.
        """
        if self.came - unused != self.shortest + _LAST_CHUNK:
            raise Malformed(400, _NOT_PLAIN)
