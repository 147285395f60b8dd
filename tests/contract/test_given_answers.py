"""An answer is given as it comes: whole, in order, with its faults, and however often it rests."""

import asyncio
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from socket import SO_LINGER, SOL_SOCKET

import httpx2
import pytest
from httpx2 import AsyncClient, Limits, Timeout
from support.places import Answer, Place

from agentproxy.models.exchanges import AsyncioTransport, PlainBody
from agentproxy.models.network import ROOM_BYTES

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PIECES = [b"%08d" % number for number in range(400)]
WAYS = {
    "chunks": (CHUNKED, [b"8\r\n%s\r\n" % piece for piece in PIECES], b"0\r\n\r\n"),
    "a length": (HEAD + b"Content-Length: 3200\r\n\r\n", PIECES, b""),
    "an end": (HEAD + b"Connection: close\r\n\r\n", PIECES, b""),
}
RESTS = {
    "never": [0.0],
    "always": [0.02],
    "now and then": [0.02, 0.0, 0.0],
    "seldom": [0.0, 0.0, 0.0, 0.02],
}
Asked = Awaitable[PlainBody]


@asynccontextmanager
async def served(
    place: Place, answer: Answer, *, seconds: float = 5
) -> AsyncGenerator[Callable[[], Asked]]:
    """Gives what asks a server. `answer` begins with the answer to the first question."""

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"question")
        await answer(reader, writer)

    transport = AsyncioTransport(place.outside, Limits(max_connections=None))
    client = AsyncClient(transport=transport, timeout=Timeout(seconds))

    async def ask() -> PlainBody:
        question = client.build_request("POST", address, content=b"question")
        response = await client.send(question, stream=True)
        return response.extensions["plain_body"]

    async with place.served(answered) as port, client:
        address = f"http{'s' if place.inside else ''}://127.0.0.1:{port}"
        yield ask


@asynccontextmanager
async def asked(place: Place, answer: Answer, *, seconds: float = 5) -> AsyncGenerator[PlainBody]:
    """Gives the body of an answer whose head has come."""
    async with served(place, answer, seconds=seconds) as ask:
        body = await ask()
        try:
            yield body
        finally:
            await body.aclose()


@dataclass
class Taken:
    """What was given, to somebody who always wants the same rest, in seconds."""

    rest: float = 0.0
    pieces: list[bytes] = field(default_factory=list[bytes])

    def __call__(self, piece: bytes) -> float:
        self.pieces.append(piece)
        return self.rest

    @property
    def whole(self) -> bytes:
        return b"".join(self.pieces)


def run(story: Awaitable[object]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(bounded())


@pytest.mark.parametrize("rests", RESTS.values(), ids=list(RESTS))
@pytest.mark.parametrize(("head", "pieces", "end"), WAYS.values(), ids=list(WAYS))
def test_all_of_an_answer_is_given_in_order(
    place: Place, head: bytes, pieces: list[bytes], end: bytes, rests: list[float]
) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for number, piece in enumerate(pieces):
            writer.write(piece)
            if number % 4 == 0:
                await asyncio.sleep(0.001)
        writer.write(end)

    async def story() -> None:
        seconds, came = cycle(rests), list[bytes]()

        def take(piece: bytes) -> float:
            came.append(piece)
            return next(seconds)

        async with asked(place, answer) as body:
            await body.give(take)
        assert b"".join(came) == b"".join(PIECES)

    run(story())


def test_what_comes_while_an_answer_rests_is_given_together(place: Place) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        for piece in PIECES[:100]:
            writer.write(b"8\r\n%s\r\n" % piece)
            await asyncio.sleep(0.002)
        writer.write(b"0\r\n\r\n")

    async def story() -> None:
        taken = Taken(0.1)

        async with asked(place, answer) as body:
            await body.give(taken)
        assert len(taken.pieces) < 20
        assert taken.whole == b"".join(PIECES[:100])

    run(story())


@pytest.mark.parametrize("rest", [0.0, 0.02])
def test_what_came_before_a_fault_of_the_answer_is_given_first(place: Place, rest: float) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"2\r\nHe\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"3\r\nllo\r\nno number\r\n")

    async def story() -> None:
        taken = Taken(rest)

        async with asked(place, answer) as body:
            with pytest.raises(httpx2.RemoteProtocolError):
                await body.give(taken)
        assert taken.whole == b"Hello"

    run(story())


@pytest.mark.parametrize("rest", [0.0, 0.2])
def test_a_connection_that_is_lost_is_no_end_of_an_answer(place: Place, rest: float) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\nHello")
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    async def story() -> None:
        async with asked(place, answer) as body:
            with pytest.raises(httpx2.ReadError):
                await body.give(lambda _: rest)

    run(story())


def test_who_takes_an_answer_may_refuse_it(place: Place) -> None:
    class TooMuch(Exception):
        pass

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\nHello")
        await reader.read()

    def take(_: bytes) -> float:
        raise TooMuch

    async def story() -> None:
        async with asked(place, answer) as body:
            with pytest.raises(TooMuch):
                await body.give(take)

    run(story())


@pytest.mark.parametrize("rest", [0.0, 0.02])
def test_an_answer_that_stops_coming_ends_after_its_time(place: Place, rest: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        # Each piece has the whole time, so the answer may take longer.
        for _ in range(4):
            writer.write(b"Hello")
            await asyncio.sleep(0.2)
        await reader.read()

    async def story() -> None:
        taken = Taken(rest)

        async with asked(place, answer, seconds=0.5) as body:
            with pytest.raises(httpx2.ReadTimeout):
                await body.give(taken)
        assert taken.whole == b"Hello" * 4

    run(story())


def test_who_no_longer_takes_an_answer_is_given_nothing_more(place: Place) -> None:
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\nHello")
        await reader.read()
        gone.set()

    async def story() -> None:
        came: list[bytes] = []
        begun = asyncio.Event()

        def take(piece: bytes) -> float:
            came.append(piece)
            begun.set()
            return 0.0

        async with asked(place, answer) as body:
            giving = asyncio.create_task(body.give(take))
            await begun.wait()
            giving.cancel()
            await asyncio.wait({giving})
            assert giving.cancelled()
        await gone.wait()
        assert came == [b"Hello"]

    run(story())


def test_a_connection_that_rested_notices_its_end_while_it_is_kept() -> None:
    # With TLS a side cannot end alone, so this is shown plainly.
    place, gone = Place(None, ssl.create_default_context()), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 10\r\n\r\nHello")
        await asyncio.sleep(0.02)
        writer.write(b"Hello")
        await asyncio.sleep(0.3)
        writer.write_eof()
        await reader.read()
        gone.set()

    async def story() -> None:
        async with asked(place, answer) as body:
            await body.give(lambda _: 0.1)
            await body.aclose()
            # The other side is told that nobody will ask again.
            await asyncio.wait_for(gone.wait(), 5)

    run(story())


def test_what_came_before_it_was_wanted_is_given_too(place: Place) -> None:
    sent = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 10\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"HelloHello")
        await asyncio.sleep(0.05)
        sent.set()
        await reader.read()

    async def story() -> None:
        taken = Taken()

        async with asked(place, answer) as body:
            await sent.wait()
            await body.give(taken)
        assert taken.whole == b"HelloHello"

    run(story())


def test_a_connection_whose_answer_was_given_carries_the_next_one(place: Place) -> None:
    opened: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        for _ in range(3):
            writer.write(HEAD + b"Content-Length: 10\r\n\r\nHello")
            await asyncio.sleep(0.02)
            writer.write(b"Hello")
            with suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b"question")

    async def story() -> None:
        async with served(place, answer) as ask:
            for _ in range(3):
                body = await ask()
                taken = Taken()
                await body.give(taken)
                await body.aclose()
                assert taken.whole == b"HelloHello"
        assert len(opened) == 1

    run(story())


def test_many_answers_that_rest_at_the_same_time_all_go_on(place: Place) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        for piece in PIECES[:20]:
            writer.write(piece)
            await asyncio.sleep(0.005)

    async def whole(ask: Callable[[], Asked]) -> bytes:
        body, taken = await ask(), Taken(0.02)
        await body.give(taken)
        await body.aclose()
        return taken.whole

    async def story() -> None:
        async with served(place, answer) as ask:
            wholes = await asyncio.gather(*(whole(ask) for _ in range(20)))
        assert set(wholes) == {b"".join(PIECES[:20])}

    run(story())


def test_an_answer_that_rests_long_goes_on_when_no_other_rests_any_more(place: Place) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\nHello")
        await asyncio.sleep(0.03)
        writer.write(b"Hello")

    async def whole(ask: Callable[[], Asked], rest: float) -> bytes:
        body, taken = await ask(), Taken(rest)
        await body.give(taken)
        await body.aclose()
        return taken.whole

    async def story() -> None:
        async with served(place, answer) as ask:
            long = asyncio.create_task(whole(ask, 0.5))
            await asyncio.sleep(0.01)
            assert await whole(ask, 0.02) == b"HelloHello"
            assert not long.done()
            assert await asyncio.wait_for(long, 3) == b"HelloHello"

    run(story())


def test_a_large_answer_rests_seldom(place: Place) -> None:
    size = 1_000_000

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        await writer.drain()

    async def story() -> None:
        came: list[int] = []

        def take(piece: bytes) -> float:
            came.append(len(piece))
            return 0.05

        async with asked(place, answer) as body:
            await body.give(take)
        assert sum(came) == size
        # Between two rests comes much of it, and no part of it for each piece of a room.
        assert max(came) > ROOM_BYTES

    run(story())


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection so that the other side's read fails."""
    handle = writer.get_extra_info("socket")
    handle.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
