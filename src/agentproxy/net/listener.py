"""The one accept loop of our proxies: so many connections at once, and no more."""

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
    """Answer every connection until cancelled; the listener is closed then, and all of them.

    More connections than the bound are refused; while twice as many are open, none is accepted.

    Raises:
        ExceptionGroup: what `answer` or `refuse` raised, but for `ClientGone`.
    """
    loop = asyncio.get_running_loop()
    counter = _Counter(answer, refuse, bounds, BodyBudget(bounds.bodies))
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
        except OSError:  # out of descriptors, or the client is gone again
            await asyncio.sleep(ACCEPT_PAUSE_SECONDS)


@dataclass
class _Counter:
    """Counts the connections that are open, and hands each over."""

    answer: AnswerConnection
    refuse: AnswerConnection
    bounds: Bounds
    bodies: BodyBudget
    open: int = 0

    async def admit(self, connection: socket.socket) -> None:
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
