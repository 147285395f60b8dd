"""Sockets that keep little while they are open."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from agentproxy.engine.bell import Bell

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

# The name of an extension of ASGI: a call that sends a text without a task.
SEND_AT_ONCE = "agentproxy.send_at_once"


class _Messages:
    """What has come of a client. The library's queue takes 2.5 KB while it is empty."""

    __slots__ = ("_came", "_news")

    def __init__(self) -> None:
        self._came: list[ASGIReceiveEvent] = []
        self._news = Bell()

    def empty(self) -> bool:
        return not self._came

    def put_nowait(self, message: "ASGIReceiveEvent") -> None:
        self._came.append(message)
        self._news.set()

    def news(self) -> "asyncio.Future[None]":
        """Returns what is done with the next message."""
        self._news.clear()
        return self._news.ringing()

    def take(self) -> "ASGIReceiveEvent":
        return self._came.pop(0)


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which itself would keep what only the beginning of a socket needs."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - the library's signature
        super().__init__(*given, **named)
        self._messages = _Messages()
        self.queue = self._messages  # pyright: ignore[reportAttributeAccessIssue] - all that is used
        self.writable = Bell()
        self.writable.set()

    def start_keepalive(self) -> None:
        super().start_keepalive()
        # The socket was accepted just now. Its request stood before the guard already.
        self.request.headers.clear()
        self.response.headers.clear()
        cast("dict[str, object]", self.scope).clear()

    async def run_asgi(self) -> None:
        self.scope.setdefault("extensions", {})[SEND_AT_ONCE] = {"send": self.send_at_once}
        await super().run_asgi()

    def send_at_once(self, text: bytes) -> bool:
        """Sends a text, unless it would have to wait, or nothing can be sent any more."""
        is_open = self.handshake_complete and not self.close_sent and not self.disconnected
        if not (is_open and self.writable.is_set() and self.conn.state is State.OPEN):
            return False
        self.conn.send_text(text)
        self.transport.write(b"".join(self.conn.data_to_send()))
        return True

    async def receive(self) -> "ASGIReceiveEvent":
        # As the library does, with one call less that stays while nothing comes.
        queue = self._messages
        while queue.empty():
            await queue.news()
        message = queue.take()
        if self.read_paused and queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return message
