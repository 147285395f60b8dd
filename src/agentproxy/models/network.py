"""Connections of the HTTP library over plain asyncio.

The library's own way pauses and resumes the connection around each read, which takes two calls of
the system, and arms a timer. A stream of an answer is read fifty times a second. One that rests
between its reads is read when its rest ends: the event loop need not watch it.
"""

# ruff: noqa: ANN401, ASYNC109, PLR0917 - the signatures are the library's

import asyncio
import ipaddress
import math
import os
import select
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, cast

from httpcore2 import (
    SOCKET_OPTION,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)

from agentproxy.models.rests import Rests

ROOM_BYTES = 64 * 1024
MOST_UNREAD = 256 * 1024  # bytes, after which nothing more is taken from the connection


class _Link(asyncio.BufferedProtocol):
    """Keeps what has come, and wakes who waits for it."""

    def __init__(self, room: memoryview, rests: Rests) -> None:
        self._room = self._filled = room
        self._rests = rests
        self._unread = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Callable[[], None] | None = None  # while the waiter waits for the end
        self._seconds: float | None = None  # that the listener waits for the next bytes
        # Done when what waits to be sent is short again; None while it is.
        self.writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._full = False
        self._resting = False
        self._is_watched = True  # by the event loop
        self.ended = False
        self.lost: Exception | None = None
        self.transport: asyncio.Transport

    @property
    def has_news(self) -> bool:
        return bool(self._unread) or self.ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        # All connections of a client are read into the same room, one after the other. With TLS
        # more may wait than it holds. Piece by piece, each would wait for a rest of its own.
        fits = sizehint <= len(self._room)
        self._filled = self._room if fits else memoryview(bytearray(sizehint))
        return self._filled

    def buffer_updated(self, nbytes: int) -> None:
        self._unread += self._filled[:nbytes]
        self._filled = self._room
        if len(self._unread) > MOST_UNREAD:
            self._full = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self.lost = True, exc or self.lost
        self._wake()
        self.resume_writing()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._resting = False

    def rest(self, seconds: float) -> None:
        if self.has_news or self._resting or self.transport.is_closing():
            return
        if self._is_watched:
            self.transport.pause_reading()
            self._is_watched = False
        self._resting = True
        self._rests.add(self.go_on, seconds)

    def go_on(self) -> None:
        """Ends a rest. Mostly something has come meanwhile. Never raises."""
        if not self._resting:
            return
        self._resting = False
        try:
            self._read_now()
            # Who listens may rest again by now.
            self._watch()
        except Exception as error:  # noqa: BLE001 - others rest in the same round
            # The system tells the loss of a connection once, and then an end.
            self.lost = error
            self.transport.abort()

    def _watch(self) -> None:
        """Lets the event loop tell what comes."""
        if not (self._is_watched or self._resting or self.transport.is_closing()):
            self._is_watched = True
            self.transport.resume_reading()

    def _read_now(self) -> None:
        """Takes what has come, unless the transport has to: what is encrypted, and the end."""
        transport = self.transport
        if transport.is_closing() or transport.get_extra_info("ssl_object") is not None:
            return
        handle = transport.get_extra_info("socket").fileno()
        with suppress(BlockingIOError, InterruptedError):
            while len(self._unread) < MOST_UNREAD:
                size = os.readv(handle, [self._room])
                self._unread += self._room[:size]
                if size < len(self._room):
                    break
        if self._unread:
            self._wake()

    def pause_writing(self) -> None:
        self.writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self.writable is not None and not self.writable.done():
            self.writable.set_result(None)
        self.writable = None

    def news(self, seconds: float | None) -> "asyncio.Future[None]":
        """Returns what is done with the next bytes, or with the end. Raises ReadTimeout."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._watch()
        self._wait_again(loop, seconds)
        return self._waiter

    def listen(self, listener: Callable[[], None], seconds: float | None) -> "asyncio.Future[None]":
        """Calls the listener with each news. Returns what it may finish; ReadTimeout fails it."""
        ends = self.news(seconds)
        self._listener, self._seconds = listener, seconds
        return ends

    def stop_listening(self) -> None:
        """Ends `listen`."""
        self._listener = self._waiter = None

    def _wait_again(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        self._deadline = math.inf if seconds is None else loop.time() + seconds
        # One timer for many waits: each of them would otherwise arm and cancel its own.
        if self._timer is None or self._timer.when() > self._deadline:
            self._arm(loop)

    def take(self, most: int) -> bytes:
        if len(self._unread) <= most:
            taken = bytes(self._unread)
            self._unread.clear()
        else:
            taken = bytes(self._unread[:most])
            del self._unread[:most]
        if self._full and not self.ended:
            self._full = False
            self.transport.resume_reading()
        return taken

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        has_end = self._deadline < math.inf
        self._timer = loop.call_at(self._deadline, self._late) if has_end else None

    def _late(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        loop = self._waiter.get_loop()
        if loop.time() < self._deadline:
            self._arm(loop)
        else:
            self._waiter.set_exception(ReadTimeout())

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if self._listener is None:
            waiter.set_result(None)
            return
        self._wait_again(waiter.get_loop(), self._seconds)
        self._listener()


class AsyncioStream(AsyncNetworkStream):
    """A connection. See `AsyncNetworkStream`."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._transport = link.transport

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Raises ReadTimeout, ReadError."""
        if not self._link.has_news:
            await self._link.news(timeout)
        return self.taken(max_bytes)

    @property
    def has_news(self) -> bool:
        """Whether a read need not wait."""
        return self._link.has_news

    def taken(self, most: int) -> bytes:
        """Returns what has come; no bytes are the end. Raises ReadError."""
        link = self._link
        if not (taken := link.take(most)) and link.lost is not None:
            raise ReadError(str(link.lost)) from link.lost
        return taken

    def listen(self, listener: Callable[[], None], seconds: float | None) -> "asyncio.Future[None]":
        """Calls the listener whenever something has come, until `stop_listening`. It may not raise.

        Returns what the listener finishes when it needs no more. It fails with ReadTimeout if
        nothing comes for so many seconds.
        """
        return self._link.listen(listener, seconds)

    def stop_listening(self) -> None:
        """Ends `listen`."""
        self._link.stop_listening()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises WriteTimeout, WriteError."""
        if not buffer:
            return
        if self._transport.is_closing():
            raise WriteError("the connection is closed")
        self._transport.write(buffer)
        if (flushed := self._link.writable) is not None:
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.shield(flushed)
            except TimeoutError as error:
                raise WriteTimeout from error
        if self._link.lost is not None:
            raise WriteError(str(self._link.lost)) from self._link.lost

    def abort(self) -> None:
        """Closes at once: whoever cancels a question does not wait for the rest of the answer."""
        self._transport.abort()

    async def aclose(self) -> None:
        self.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "AsyncioStream":
        """Raises ConnectTimeout, ConnectError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(
                    self._transport, self._link, ssl_context, server_hostname=server_hostname
                )
        except BaseException as error:
            self._transport.abort()
            raise _unreached(error) from error
        if transport is None:
            raise ConnectError("the connection was lost")
        self._link.transport = transport
        return AsyncioStream(self._link)

    def rest(self, seconds: float) -> None:
        """Lets what comes in the next seconds wait outside of this process."""
        # The next read waits for it. A wait here would be another pass of the event loop.
        self._link.rest(seconds)

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case "server_addr":
                return self._transport.get_extra_info("peername")
            case "is_readable":
                return self._link.has_news or _is_readable(self._transport)
            case _:
                return self._transport.get_extra_info(info)


class AsyncioBackend(AsyncNetworkBackend):
    """Opens the connections of one client. One event loop uses it."""

    def __init__(self) -> None:
        self._room = memoryview(bytearray(ROOM_BYTES))
        self._rests = Rests()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> "AsyncioStream":
        """Raises ConnectTimeout, ConnectError."""
        del socket_options  # of ours there are none; asyncio sends small pieces at once
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, link = await loop.create_connection(
                    lambda: _Link(self._room, self._rests),
                    host,
                    port,
                    local_addr=(local_address, 0) if local_address else None,
                    # Only a name may have several addresses. A race takes two more tasks.
                    happy_eyeballs_delay=None if _is_address(host) else 0.25,
                )
        # A name that is no name of a host is an error of its encoding.
        except (OSError, UnicodeError) as error:
            raise _unreached(error) from error
        return AsyncioStream(link)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unreached(error: BaseException) -> BaseException:
    # A timeout is an error of the system too.
    if isinstance(error, TimeoutError):
        return ConnectTimeout(str(error))
    return ConnectError(str(error)) if isinstance(error, (OSError, UnicodeError)) else error


def _is_readable(transport: asyncio.Transport) -> bool:
    handle = transport.get_extra_info("socket")
    if transport.is_closing() or handle is None:
        return True
    poll = select.poll()
    poll.register(handle.fileno(), select.POLLIN)
    return bool(poll.poll(0))
