"""The accept loop of our proxies, with a limit of connections."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentproxy.net.request import BodyBudget, Bounds, ClientGone
from agentproxy.net.stream import Stream

if TYPE_CHECKING:
    from agentproxy.net.connection import Connection

ACCEPT_PAUSE_SECONDS = 0.05

AnswerConnection = Callable[["Connection"], Awaitable[None]]


async def serve_connections(
    listener: socket.socket, answer: AnswerConnection, *, refuse: AnswerConnection, bounds: Bounds
) -> None:
    """Answers connections until cancelled; then closes the listener and all of them.

    Raises:
        ExceptionGroup: errors from `answer` or `refuse`, except `ClientGone`.
    """
    loop = asyncio.get_running_loop()
    counter = _Counter(answer, refuse, bounds, BodyBudget(bounds.bodies))
    # Connections beyond the limit are refused. With twice as many open, none is accepted.
    seats = asyncio.Semaphore(2 * bounds.connections)
    listener.settimeout(0)
    with listener:
        async with asyncio.TaskGroup() as group:
            while True:
                await seats.acquire()
                connection = await _accept(loop, listener)
                task = group.create_task(counter.admit(connection))
                task.add_done_callback(lambda _: seats.release())


async def _accept(loop: asyncio.AbstractEventLoop, listener: socket.socket) -> socket.socket:
    while True:
        try:
            return (await loop.sock_accept(listener))[0]
        except OSError:  # no descriptors left, or the client is already gone
            await asyncio.sleep(ACCEPT_PAUSE_SECONDS)


@dataclass
class _Counter:
    """Counts the open connections."""

    answer: AnswerConnection
    refuse: AnswerConnection
    bounds: Bounds
    bodies: BodyBudget
    open: int = 0

    async def admit(self, connection: socket.socket) -> None:
        # Imported here: h11 would cost time at each start of `pa`.
        from agentproxy.net.connection import Connection

        self.open += 1
        stream = Stream(connection, write_seconds=self.bounds.write_seconds)
        client = Connection(stream, self.bounds, bodies=self.bodies)
        try:
            with connection:
                full = self.open > self.bounds.connections
                await (self.refuse if full else self.answer)(client)
        except ClientGone:
            return
        finally:
            client.forget_body()
            self.open -= 1
