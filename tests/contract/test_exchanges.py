"""Questions over our own connections are answered, or fail, as the HTTP library tells it."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest
from httpx2 import AsyncClient, AsyncHTTPTransport, Limits, Timeout

from agentproxy.models.exchanges import AsyncioTransport

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"
ANSWERS = {
    "a length": WHOLE,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nHe\r\n3;x=y\r\nllo\r\n0\r\nEnd: yes\r\n\r\n",
    "an end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello",
    "the old version": b"HTTP/1.0 200 OK\r\n\r\nHello",
    "news before it": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE,
    "a length that is not kept": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHello",
    "chunks without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nHe\r\n",
    "no number of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nHe\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nConten",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
}


@asynccontextmanager
async def served(answer: Answer) -> AsyncGenerator[str]:
    tasks: list[asyncio.Task[None] | None] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        await asyncio.gather(*(task for task in tasks if task))


class Echo:
    """Answers each question on a connection, and counts the connections."""

    def __init__(self, said: bytes = WHOLE) -> None:
        self.said = said
        self.opened = 0
        self.closed = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            while True:
                await reader.readuntil(b"question")
                writer.write(self.said)
        finally:
            self.closed += 1


def ours(limits: Limits | None = None) -> AsyncioTransport:
    return AsyncioTransport(ssl.create_default_context(), limits or Limits(max_connections=None))


def run(story: Awaitable[object]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(bounded())


async def outcome(transport: httpx2.AsyncBaseTransport, address: str) -> tuple[str, bytes]:
    """Returns what a client gets: the kind of an error, or the body."""
    async with AsyncClient(transport=transport, timeout=5) as client:
        try:
            answer = await client.post(address, content=b"question")
        except httpx2.HTTPError as error:
            return type(error).__name__, b""
        return str(answer.status_code), answer.content


@pytest.mark.parametrize("sent", ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer_ends_as_it_does_with_the_library(sent: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"question")
        writer.write(sent)
        await writer.drain()

    async def story() -> None:
        async with served(answer) as address:
            got = await outcome(ours(), address)
            assert got == await outcome(AsyncHTTPTransport(), address)
            assert got == ("200", b"Hello") or got[0] == "RemoteProtocolError"

    run(story())


@pytest.mark.parametrize(("end", "error"), [(b"0\r\n\r\n", False), (b"zz\r\n", True)])
def test_all_chunks_that_have_come_are_read_at_once_and_then_their_end(
    end: bytes, *, error: bool
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"question")
        writer.write(head + b"2\r\nHe\r\n" * 20 + end)
        await writer.drain()

    async def story() -> None:
        async with served(answer) as address, AsyncClient(transport=ours()) as client:
            asked = client.build_request("POST", address, content=b"question")
            response = await client.send(asked, stream=True)
            body = response.extensions["plain_body"]
            assert await body.read() == b"He" * 20
            if error:
                with pytest.raises(httpx2.RemoteProtocolError):
                    await body.read()
            else:
                assert await body.read() == b""
            await response.aclose()

    run(story())


def test_a_server_that_refuses_before_it_has_read_all_is_heard() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        while await reader.read(1 << 16):
            pass

    async def story() -> None:
        async with served(answer) as address, AsyncClient(transport=ours()) as client:
            assert (await client.post(address, content=b"x" * 4_000_000)).status_code == 413

    run(story())


def test_a_server_that_refuses_and_closes_before_it_has_read_all_is_heard() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"begun")
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(0.1)  # until the connection is closed
        yield b"more"

    async def story() -> None:
        async with served(answer) as address, AsyncClient(transport=ours()) as client:
            refused = await client.post(address, content=pieces())
            assert (refused.status_code, refused.content) == (413, b"no")

    run(story())


@pytest.mark.parametrize(
    "behind",
    [WHOLE.replace(b"Hello", b"Other"), b"\r\n", b"junk"],
    ids=["an answer", "a line", "junk"],
)
def test_what_comes_behind_an_answer_is_not_the_answer_to_the_next_question(behind: bytes) -> None:
    async def story() -> None:
        echo = Echo(WHOLE + behind)
        async with served(echo) as address, AsyncClient(transport=ours()) as client:
            for _ in range(2):
                assert (await client.post(address, content=b"question")).content == b"Hello"
            assert echo.opened == 2

    run(story())


def test_a_question_that_fails_while_it_is_written_closes_its_connection() -> None:
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        gone.set()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ValueError("no more")

    async def story() -> None:
        async with served(answer) as address, AsyncClient(transport=ours()) as client:
            with pytest.raises(ValueError, match="no more"):
                await client.post(address, content=pieces())
            await asyncio.wait_for(gone.wait(), 5)

    run(story())


def test_a_question_waits_while_as_many_are_asked_as_connections_are_allowed() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"question")
        begun.set()
        await go_on.wait()
        writer.write(WHOLE)

    async def story() -> None:
        limits = Limits(max_connections=1)
        async with (
            served(answer) as address,
            AsyncClient(transport=ours(limits), timeout=Timeout(5, pool=0.05)) as client,
        ):
            first = asyncio.create_task(client.post(address, content=b"question"))
            await begun.wait()
            with pytest.raises(httpx2.PoolTimeout):
                await client.post(address, content=b"question")
            go_on.set()
            assert (await first).content == b"Hello"
            assert (await client.post(address, content=b"question")).content == b"Hello"

    run(story())


def test_a_connection_that_waits_is_closed_where_another_server_needs_its_place() -> None:
    async def story() -> None:
        echo, limits = Echo(), Limits(max_connections=2)
        async with (
            served(echo) as one,
            served(echo) as two,
            served(echo) as three,
            AsyncClient(transport=ours(limits), timeout=5) as client,
        ):
            for number, address in enumerate((one, two, three, two), 1):
                assert (await client.post(address, content=b"question")).content == b"Hello"
                await asyncio.sleep(0.05)
                assert echo.opened == min(number, 3)  # what waited longest was closed, not `two`
                assert echo.opened - echo.closed <= 2

    run(story())


@pytest.mark.parametrize(
    ("limits", "opened"),
    [
        (Limits(max_keepalive_connections=5, keepalive_expiry=60), 1),
        (Limits(max_keepalive_connections=5, keepalive_expiry=None), 1),
        (Limits(max_keepalive_connections=5, keepalive_expiry=0.01), 2),
        (Limits(max_keepalive_connections=0), 2),
    ],
)
def test_a_connection_is_kept_as_long_as_the_limits_say(limits: Limits, opened: int) -> None:
    async def story() -> None:
        echo = Echo()
        async with served(echo) as address, AsyncClient(transport=ours(limits)) as client:
            for _ in range(2):
                await client.post(address, content=b"question")
                await asyncio.sleep(0.05)
            assert echo.opened == opened
            assert limits.max_keepalive_connections or echo.closed == opened

    run(story())


def test_a_connection_that_cannot_be_opened_gives_its_place_back() -> None:
    async def story() -> None:
        echo, limits = Echo(), Limits(max_connections=2)
        async with (
            served(echo) as one,
            served(echo) as two,
            AsyncClient(transport=ours(limits), timeout=Timeout(5, pool=0.05)) as client,
        ):
            async with served(echo) as gone:
                pass
            for _ in range(2):
                with pytest.raises(httpx2.ConnectError):
                    await client.post(gone, content=b"question")
            for address in (one, two, one):
                await client.post(address, content=b"question")
            assert echo.opened == 2

    run(story())


def test_a_client_that_is_closed_while_it_connects_leaves_no_connection() -> None:
    async def story() -> None:
        echo = Echo()
        async with served(echo) as address:
            client = AsyncClient(transport=ours())
            asked = asyncio.create_task(client.post(address, content=b"question"))
            for _ in range(3):
                await asyncio.sleep(0)
            await client.aclose()
            with pytest.raises(httpx2.ConnectError, match="closed"):
                await asked
            await asyncio.sleep(0.05)
            assert echo.opened == echo.closed

    run(story())


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_closed_client_ends_the_streams_that_are_open(earlier: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(earlier):
            await reader.readuntil(b"question")
            writer.write(WHOLE)
        await reader.readuntil(b"question")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello")
        while await reader.read(100):
            pass

    async def story() -> None:
        async with served(answer) as address:
            client = AsyncClient(transport=ours())
            for _ in range(earlier):
                await client.post(address, content=b"question")
            async with client.stream("POST", address, content=b"question") as response:
                pieces = response.aiter_raw()
                assert await anext(pieces) == b"Hello"
                await client.aclose()
                async with asyncio.timeout(2):  # sooner than the client's own limit
                    assert await anext(pieces, b"") == b""

    run(story())


def test_an_address_of_another_kind_is_not_reached() -> None:
    async def story() -> None:
        async with AsyncClient(transport=ours()) as client:
            with pytest.raises(httpx2.UnsupportedProtocol):
                await client.get("ftp://127.0.0.1/")

    run(story())
