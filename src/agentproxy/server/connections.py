"""Connections of clients that do not go on: heads and bodies have a deadline."""

import asyncio
import resource

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

BODY_BYTES = 20 * 1024  # that come at least within `body_seconds`
MAX_CONNECTIONS = 4000
OPEN_FILES = 16_384
FILES_FOR_US = 256  # the journal, workspaces, pipes of commands
LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class PunctualProtocol(H11Protocol):
    """uvicorn's protocol, which itself would wait for half a request for ever."""

    head_seconds: float  # for the whole head of a request
    body_seconds: float
    _timer: asyncio.TimerHandle | None = None
    _of_body = False
    _came = 0  # bytes since the timer was set

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._set(self.head_seconds, of_body=False)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def _look(self) -> None:
        """Sets the timer that the state of the connection asks for."""
        state = self.conn.their_state
        # The library hands a socket over before it has read the end of the request.
        handed_over = self.transport.get_protocol() is not self
        if handed_over or self.transport.is_closing():
            self._clear()
        elif state is h11.SEND_BODY:
            if self._timer is None or not self._of_body:
                self._set(self.body_seconds, of_body=True)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            # Part of a head is there. A connection between two requests has the library's timer.
            if self._timer is None or self._of_body:
                self._set(self.head_seconds, of_body=False)
        else:
            self._clear()

    def _set(self, seconds: float, *, of_body: bool) -> None:
        self._clear()
        self._of_body, self._came = of_body, 0
        self._timer = self.loop.call_later(seconds, self._late)

    def _clear(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        # Where we do not read, nothing can come.
        if self._of_body and (self._came >= BODY_BYTES or self.flow.read_paused):
            self._set(self.body_seconds, of_body=True)
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(LATE)
        self.transport.close()


def punctual_protocol(*, head_seconds: float, body_seconds: float) -> type[PunctualProtocol]:
    """Returns the protocol with these deadlines. uvicorn makes an object of it for each client."""
    deadlines = {"head_seconds": head_seconds, "body_seconds": body_seconds}
    return type("DeadlineProtocol", (PunctualProtocol,), deadlines)


def make_room_for_connections() -> int:
    """Lets the process open more files. Returns how many connections there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(min(MAX_CONNECTIONS, soft - FILES_FOR_US), 1)
