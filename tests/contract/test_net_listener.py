"""The accept loop of our proxies: bounded, and none of its seats is ever lost."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from agentproxy.net.connection import Connection
from agentproxy.net.listener import AnswerConnection, serve_connections
from agentproxy.net.request import Bounds, ClientGone, Malformed

BOUNDS = Bounds(connections=2, bodies=100, head_seconds=5, idle_seconds=5)


async def say_full(client: Connection) -> None:
    await client.refuse(503, b"full", kind="text/plain")


def serve(
    answer: AnswerConnection,
    story: Callable[[int], Awaitable[None]],
    *,
    refuse: AnswerConnection = say_full,
) -> None:
    async def scenario() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(
                serve_connections(listener, answer, refuse=refuse, bounds=BOUNDS)
            )
            await story(int(listener.getsockname()[1]))
            serving.cancel()
        assert listener.fileno() == -1

    asyncio.run(asyncio.wait_for(scenario(), 20))


async def say(port: int, content: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(content)
        return await reader.read()
    finally:
        writer.close()


async def greet(client: Connection) -> None:
    await client.send(b"hello")
    await client.until_gone()


def test_a_seat_is_given_back_however_a_connection_ends() -> None:
    async def lose(client: Connection) -> None:
        await client.send(b"x")
        raise ClientGone

    async def story(port: int) -> None:
        for _ in range(5):
            assert await say(port) == b"x"

    serve(lose, story)


def test_another_connection_than_the_bound_allows_is_refused_until_a_seat_is_free() -> None:
    async def story(port: int) -> None:
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert b"503 Service Unavailable" in await say(port)
        for reader, writer in open_ones:
            assert await reader.readexactly(5) == b"hello"
            writer.close()
        first = b""
        while first != b"hello":
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            first = await reader.readexactly(5)
            writer.close()

    serve(greet, story)


def test_while_twice_as_many_are_open_none_is_accepted() -> None:
    seen: list[str] = []

    async def hold(client: Connection) -> None:
        seen.append("answered")
        await client.until_gone()

    async def hold_refused(client: Connection) -> None:
        seen.append("refused")
        await client.until_gone()

    async def story(port: int) -> None:
        clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(9)]
        await asyncio.sleep(0.1)
        assert sorted(seen) == ["answered"] * 2 + ["refused"] * 2
        for _, writer in clients:
            writer.close()
        while len(seen) < 9:
            await asyncio.sleep(0.01)

    serve(hold, story, refuse=hold_refused)


def test_the_bytes_of_bodies_are_bounded_over_all_connections_and_free_again_after() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def answer(client: Connection) -> None:
        head = await client.head()
        assert head is not None
        try:
            await client.body(head)
        except Malformed as error:
            await client.refuse(error.status, b"", kind="text/plain")
            return
        entered.set()
        await leave.wait()
        await client.refuse(200, b"read", kind="text/plain")

    def post(length: int) -> bytes:
        return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length

    def chunked(length: int) -> bytes:
        chunk = b"%x\r\n" % length + b"x" * length + b"\r\n0\r\n\r\n"
        return b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk

    async def story(port: int) -> None:
        first = asyncio.create_task(say(port, post(60)))
        await entered.wait()
        assert (await say(port, post(41))).startswith(b"HTTP/1.1 503")
        assert (await say(port, chunked(41))).startswith(b"HTTP/1.1 503")
        leave.set()
        assert (await say(port, chunked(40))).endswith(b"read")
        assert (await first).endswith(b"read")
        assert (await say(port, post(100))).endswith(b"read")

    serve(answer, story)
