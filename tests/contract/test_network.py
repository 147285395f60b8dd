"""Connections over plain asyncio carry every byte in order, and tell each end; also with TLS."""

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

import pytest
from httpcore2 import ConnectError, ReadError, ReadTimeout, WriteError
from httpx2 import AsyncClient, Limits
from support.places import Place

from agentproxy.models.exchanges import AsyncioTransport
from agentproxy.models.network import MOST_UNREAD, AsyncioBackend

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"


def run(story: Awaitable[object]) -> None:
    asyncio.run(asyncio.wait_for(_awaited(story), 20))


async def _awaited(story: Awaitable[object]) -> None:
    await story


def test_all_bytes_come_in_order_through_rests_and_more_than_is_held(place: Place) -> None:
    sent = b"".join(b"%8d" % number for number in range(MOST_UNREAD // 4))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        for at in range(0, len(sent), 100_000):
            writer.write(sent[at : at + 100_000])
        await writer.drain()

    async def story() -> None:
        async with place.reached(answer) as line:
            await line.write(b"go", 5)
            came, reads = b"", 0
            while piece := await line.read(50_000, 5):
                came, reads = came + piece, reads + 1
                if reads % 8 == 1:
                    line.rest(0.02)
            assert came == sent

    run(story())


@pytest.mark.parametrize("rests", [True, False])
@pytest.mark.parametrize("size", [100_000, 240_000, 480_000])
def test_what_a_server_said_before_it_closed_comes_whole_to_who_reads_late(
    place: Place, size: int, *, rests: bool
) -> None:
    sent = b"".join(b"%8d" % number for number in range(size // 8))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(sent[:100])
        await asyncio.sleep(0.05)
        writer.write(sent[100:])

    async def story() -> None:
        async with place.reached(answer) as line:
            await line.write(b"go", 5)
            came = await line.read(50_000, 5)
            if rests:
                line.rest(0.2)
            else:
                await asyncio.sleep(0.2)
            while piece := await line.read(50_000, 5):
                came += piece
            assert came == sent

    run(story())


def test_a_long_question_is_written_whole_while_the_other_side_reads_late(place: Place) -> None:
    body = bytes(8 << 20)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await reader.readexactly(len(body))
        writer.write(b"all")
        await writer.drain()

    async def story() -> None:
        async with place.reached(answer) as line:
            await line.write(body, 10)
            assert await line.read(10, 10) == b"all"

    run(story())


def test_a_read_ends_after_its_time_and_not_before_and_the_line_goes_on(place: Place) -> None:
    more = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        for _ in range(8):
            writer.write(b"x")
            await asyncio.sleep(0.1)
        await more.wait()
        writer.write(b"late")
        await writer.drain()

    async def story() -> None:
        async with place.reached(answer) as line:
            # Longer than one read may take, in reads that are each in time.
            came = b""
            while len(came) < 8:
                came += await line.read(10, 0.5)
            begin = asyncio.get_running_loop().time()
            with pytest.raises(ReadTimeout):
                await line.read(10, 0.5)
            assert 0.49 < asyncio.get_running_loop().time() - begin < 3
            more.set()
            assert await line.read(10, 5) == b"late"

    run(story())


def test_each_read_has_a_time_of_its_own(place: Place) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            writer.write(b"x")
            await reader.readexactly(1)
        await asyncio.sleep(0.2)
        writer.write(b"late")
        await writer.drain()

    async def story() -> None:
        async with place.reached(answer) as line:
            assert await line.read(1, 60) == b"x"
            await line.write(b"1", 5)
            assert await line.read(1, 60) == b"x"
            with pytest.raises(ReadTimeout):
                await asyncio.wait_for(line.read(10, 0.05), 5)
            await line.write(b"2", 5)
            with pytest.raises(ReadTimeout):
                await line.read(10, 0.05)
            assert await line.read(10, None) == b"late"

    run(story())


def test_a_name_that_is_no_name_of_a_host_is_not_reached() -> None:
    with pytest.raises(ConnectError):
        run(AsyncioBackend().connect_tcp("a..b", 80, 5))


def test_a_lost_connection_is_no_end_of_an_answer(place: Place) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half")
        await writer.drain()
        await asyncio.sleep(0.1)
        handle = writer.get_extra_info("socket")
        handle.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def story() -> None:
        async with place.reached(answer) as line:
            assert await line.read(10, 5) == b"half"
            with pytest.raises(ReadError):
                await line.read(10, 5)
            with pytest.raises(WriteError):
                await line.write(b"more", 5)

    run(story())


def test_a_cancelled_read_closes_at_once(place: Place) -> None:
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        with suppress(ConnectionError):
            await reader.read()
        gone.set()

    async def story() -> None:
        async with place.reached(answer) as line:
            reading = asyncio.create_task(line.read(10, 60))
            await asyncio.sleep(0.05)
            reading.cancel()
            await asyncio.wait({reading})
            assert reading.cancelled()
            await line.aclose()
            await asyncio.wait_for(gone.wait(), 5)

    run(story())


def test_a_connection_is_kept_for_the_next_question_until_the_server_closes_it(
    place: Place,
) -> None:
    opened: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        while await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            writer.write(HELLO)

    async def story() -> None:
        async with place.served(answer) as port:
            address = f"http{'s' if place.inside else ''}://127.0.0.1:{port}"
            limits = Limits(max_connections=None, max_keepalive_connections=5)
            transport = AsyncioTransport(place.outside, limits)
            async with AsyncClient(transport=transport) as client:
                for _ in range(2):
                    assert (await client.get(address)).text == "Hello"
                assert len(opened) == 1
                opened[0].transport.abort()
                await asyncio.sleep(0.05)
                assert (await client.get(address)).text == "Hello"
                assert len(opened) == 2

    run(story())


def test_a_server_without_a_known_certificate_is_not_spoken_to(certified: Path) -> None:
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(certified)
    stranger = Place(inside, ssl.create_default_context())

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def story() -> None:
        with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            async with stranger.reached(answer):
                pass

    run(story())
