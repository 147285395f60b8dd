"""Questions and answers of HTTP/1.1 over connections of asyncio.

The library's pool keeps 15 KB for each answer that streams. Whenever a question begins or ends, it
goes through all of its questions and connections; here only those are looked at that are kept for
another question.
"""

import asyncio
import ssl
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
)
from contextlib import asynccontextmanager
from typing import cast

import h11
import httpcore2
import httpx2
from httpx2 import AsyncBaseTransport, AsyncByteStream, Limits, Request, Response

from agentproxy.models.network import MOST_UNREAD, AsyncioBackend, AsyncioStream

PORTS = {"http": 80, "https": 443}
MAX_HEAD_BYTES = 100 * 1024
READ_BYTES = 64 * 1024
Origin = tuple[str, str, int]
_Trace = Callable[[str, Mapping[str, object]], Awaitable[None]]


class _OpenLine:
    """A connection, which carries one question after the other."""

    __slots__ = ("origin", "state", "stream", "until")

    def __init__(self, origin: Origin, stream: AsyncioStream) -> None:
        self.origin = origin
        self.stream = stream
        self.state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.until = 0.0  # when it is closed, if nobody asks: on the monotonic clock

    @property
    def is_usable(self) -> bool:
        # Before a question nothing comes but the end.
        return time.monotonic() < self.until and not self.stream.get_extra_info("is_readable")

    @property
    def is_whole(self) -> bool:
        # What came behind an answer would be read as the answer to the next question.
        state = self.state
        both = state.our_state is h11.DONE and state.their_state is h11.DONE
        return both and not state.trailing_data[0]

    async def next_event(self, seconds: float | None) -> object:
        while (event := self.state.next_event()) is h11.NEED_DATA:
            await self.receive(seconds)
        return event

    async def receive(self, seconds: float | None) -> None:
        came = await self.stream.read(READ_BYTES, seconds)
        if not came and self.state.their_state is h11.SEND_RESPONSE:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
        self.state.receive_data(came)


class PlainBody(AsyncByteStream):
    """An answer whose head has come. Nothing else is kept of it."""

    __slots__ = (
        "_end", "_error", "_is_over", "_is_read", "_line", "_seconds", "_to", "_transport",
    )  # fmt: skip

    def __init__(
        self, line: _OpenLine, transport: "AsyncioTransport", seconds: float | None
    ) -> None:
        self._line: _OpenLine | None = line
        self._is_read = False  # all that has come so far
        self._is_over = False
        self._error: Exception | None = None
        self._to: Callable[[bytes], float] | None = None
        self._end: asyncio.Future[None] | None = None
        self._transport = transport
        self._seconds = seconds  # for the next bytes

    async def read(self) -> bytes:
        """Returns the next bytes of the body, and none at its end. Raises HTTPError.

        They are all that has come. A vendor sends each event in a chunk of its own: who reads now
        and then would fall behind, chunk by chunk.
        """
        line, pieces = self._line, list[bytes]()
        try:
            while line is not None and not (pieces or self._is_over or self._error):
                if self._is_read:
                    await line.receive(self._seconds)
                self._take(line, pieces)
        except Exception as error:
            raise _told(error) from error
        if self._error is not None and not pieces:
            raise _told(self._error) from self._error
        return b"".join(pieces)

    def _take(self, line: _OpenLine, pieces: list[bytes]) -> None:
        try:
            while isinstance(event := line.state.next_event(), h11.Data):
                pieces.append(bytes(event.data))
        except h11.RemoteProtocolError as error:
            self._error = error  # what came before it is read first
            return
        self._is_read = event is h11.NEED_DATA
        self._is_over = not self._is_read

    async def give(self, take: Callable[[bytes], float]) -> None:
        """Gives all bytes to `take` as they come; returns at the end.

        `take` says for how many seconds the next bytes may wait outside of this process. Raises
        HTTPError, and what `take` raises.

        It is called without a task in between: in a thousand streams, a pass of the event loop
        for each of two tasks takes longer than what they do.
        """
        line = self._line
        if line is None:
            return
        self._to = take
        self._end = line.stream.listen(self._heard, self._seconds)
        try:
            # Some may have come together with the head.
            self._hand_on(line)
            self._heard()
            await self._end
        except Exception as error:
            # What `take` raised is nothing of the library's.
            if (told := _told(error)) is error:
                raise
            raise told from error
        finally:
            line.stream.stop_listening()
            self._to = self._end = None

    def _heard(self) -> None:
        line, end = self._line, self._end
        if line is None or end is None:
            return
        try:
            while line.stream.has_news and not end.done():
                line.state.receive_data(line.stream.taken(MOST_UNREAD))
                self._hand_on(line)
        except Exception as error:  # noqa: BLE001 - it ends `give`
            if not end.done():
                end.set_exception(error)

    def _hand_on(self, line: _OpenLine) -> None:
        pieces = list[bytes]()
        self._take(line, pieces)
        rest = self._to(b"".join(pieces)) if pieces and self._to is not None else 0.0
        if self._error is not None:
            raise self._error
        if self._is_over:
            if self._end is not None and not self._end.done():
                self._end.set_result(None)
        elif rest:
            line.stream.rest(rest)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self.read():
                yield piece
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._transport.take_back(line)


class AsyncioTransport(AsyncBaseTransport):
    """The library's transport without a proxy."""

    def __init__(self, verify: ssl.SSLContext, limits: Limits) -> None:
        verify.set_alpn_protocols(["http/1.1"])
        self._verify = verify
        self._backend = AsyncioBackend()
        self._most_kept = limits.max_keepalive_connections
        self._kept_seconds = limits.keepalive_expiry
        self._most = most = limits.max_connections
        self._places = None if most is None else asyncio.Semaphore(most)
        self._asked = 0  # questions, each of which has a connection or is about to open one
        self._kept: list[_OpenLine] = []  # those that wait for a question, the newest last
        self._busy: set[_OpenLine] = set()
        self._is_closed = False

    async def handle_async_request(self, request: Request) -> Response:
        """See `AsyncBaseTransport`. Raises HTTPError."""
        seconds = cast("dict[str, float | None]", request.extensions.get("timeout", {}))
        await self._enter(seconds.get("pool"))
        line: _OpenLine | None = None
        try:
            line = self._find(_origin(request)) or await self._open(request, seconds.get("connect"))
            await _ask(line, request, seconds.get("write"))
            head = await _head(line, seconds.get("read"))
        except BaseException as error:
            self.take_back(line)
            if not isinstance(error, Exception):
                raise
            raise _told(error) from error
        body = PlainBody(line, self, seconds.get("read"))
        return Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=body,
            extensions={
                "plain_body": body,
                "http_version": b"HTTP/" + head.http_version,
                "reason_phrase": head.reason,
                "network_stream": line.stream,
            },
        )

    def take_back(self, line: _OpenLine | None) -> None:
        """Keeps a connection whose answer has been read, and closes any other. Never waits."""
        self._asked -= 1
        if self._places is not None:
            self._places.release()
        if line is None:
            return
        self._busy.discard(line)
        if line.is_whole and self._has_room():
            line.state.start_next_cycle()
            kept = self._kept_seconds
            line.until = float("inf") if kept is None else time.monotonic() + kept
            self._kept.append(line)
        else:
            line.stream.abort()

    async def aclose(self) -> None:
        self._is_closed = True
        lines = [*self._busy, *self._kept]
        self._kept.clear()
        for line in lines:
            line.stream.abort()
        await asyncio.sleep(0)

    async def _enter(self, seconds: float | None) -> None:
        if self._places is not None:
            try:
                async with asyncio.timeout(seconds):
                    await self._places.acquire()
            except TimeoutError as error:
                raise httpx2.PoolTimeout("all connections are in use") from error
        self._asked += 1

    def _has_room(self) -> bool:
        for line in [each for each in self._kept if not each.is_usable]:
            self._kept.remove(line)
            line.stream.abort()
        return self._most_kept is None or len(self._kept) < self._most_kept

    def _find(self, origin: Origin) -> _OpenLine | None:
        for line in [each for each in reversed(self._kept) if each.origin == origin]:
            self._kept.remove(line)
            if line.is_usable:
                self._busy.add(line)
                return line
            line.stream.abort()
        return None

    def _make_room(self) -> None:
        """Closes what has waited longest, where one more connection would be too many."""
        while self._most is not None and self._kept and self._asked + len(self._kept) > self._most:
            self._kept.pop(0).stream.abort()

    async def _open(self, request: Request, seconds: float | None) -> _OpenLine:
        origin = scheme, host, port = _origin(request)
        self._make_room()
        stream = await self._backend.connect_tcp(host, port, seconds)
        if scheme == "https":
            name = cast("str", request.extensions.get("sni_hostname") or host)
            stream = await stream.start_tls(self._verify, name, seconds)
        if self._is_closed:
            stream.abort()
            raise httpx2.ConnectError("the client was closed")
        line = _OpenLine(origin, stream)
        self._busy.add(line)
        return line


def _origin(request: Request) -> Origin:
    url = request.url
    if url.scheme not in PORTS:
        raise httpx2.UnsupportedProtocol(f"{url.scheme or 'no scheme'} is not http or https")
    return url.scheme, url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]


async def _ask(line: _OpenLine, request: Request, seconds: float | None) -> None:
    url, state = request.url, line.state
    head = state.send(
        h11.Request(method=request.method, target=url.raw_path, headers=request.headers.raw)
    )
    pieces = [head or b""]
    # From here on the server may have the whole question. The relay has to know: it may be billed.
    if (trace := request.extensions.get("trace")) is not None:
        await cast("_Trace", trace)("http11.send_request_body.started", {"request": request})
    # A server may answer before it has the whole question.
    try:
        async with _closed(cast("AsyncIterable[bytes]", request.stream)) as stream:
            async for piece in stream:
                pieces.append(state.send(h11.Data(data=piece)) or b"")
                await line.stream.write(b"".join(pieces), seconds)
                pieces.clear()
        pieces.append(state.send(h11.EndOfMessage()) or b"")
        await line.stream.write(b"".join(pieces), seconds)
    except httpcore2.WriteError:
        return


@asynccontextmanager
async def _closed(stream: AsyncIterable[bytes]) -> AsyncGenerator[AsyncIterator[bytes]]:
    pieces = aiter(stream)
    try:
        yield pieces
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


async def _head(line: _OpenLine, seconds: float | None) -> h11.Response:
    while True:
        event = await line.next_event(seconds)
        if isinstance(event, h11.Response):
            return event
        if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
            raise httpx2.RemoteProtocolError("the server changes the protocol")


def _told(error: Exception) -> Exception:
    """Returns an error in the words of the library that the caller knows."""
    if isinstance(error, h11.RemoteProtocolError):
        return httpx2.RemoteProtocolError(str(error))
    if isinstance(error, h11.LocalProtocolError):
        return httpx2.LocalProtocolError(str(error))
    known: object = getattr(httpx2, type(error).__name__, None)
    if type(error).__module__.startswith("httpcore2") and isinstance(known, type):
        return cast("Exception", known(str(error)))
    return error
