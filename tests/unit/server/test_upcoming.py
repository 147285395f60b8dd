"""How much of a run waits in memory for a client that reads slowly."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agentproxy.events.envelope import Event, RunId
from agentproxy.events.run import RunEnded
from agentproxy.server.upcoming import Upcoming

ALL = 100
FEW = 8


def test_a_reader_that_does_not_read_holds_few_events_and_misses_none() -> None:
    taken: list[int] = []

    async def follow() -> AsyncGenerator[Event]:
        for seq in range(1, ALL + 1):
            taken.append(seq)
            yield Event(RunId("r"), seq, 0.0, "a", RunEnded(verdict="verified", reason=""))

    async def story() -> list[int]:
        upcoming = Upcoming(follow())
        read: list[int] = []
        while len(read) < ALL:
            for _ in range(3 * ALL):
                await asyncio.sleep(0)
            assert len(taken) - len(read) <= FEW
            read.append((await upcoming.next()).seq)
        with pytest.raises(StopAsyncIteration):
            await upcoming.next()
        await upcoming.close()
        return read

    assert asyncio.run(story()) == list(range(1, ALL + 1))
