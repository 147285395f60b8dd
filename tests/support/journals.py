"""How a journal is asked in tests: opened, played with, closed again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar, cast

from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import Draft, Event, RunId
from agentproxy.journal.port import (
    Holder,
    Journal,
)

T = TypeVar("T")
Opened = Callable[[], Journal]

RUN = RunId("run-1")
ME = Holder(pid=10, started=100, machine="m")
SHE = Holder(pid=20, started=200, machine="m")
SECRET = "ghp_" + "a1B2" * 9
LIMIT = 20.0  # seconds; for any single wait


def started(check: str = "tests") -> Draft:
    return Draft("supervisor", CheckStarted(check=check, on=BASE), cause="effect-1")


def checks(events: Sequence[Event]) -> list[str]:
    return [cast("CheckStarted", event.fact).check for event in events]


@asynccontextmanager
async def journal_of(opened: Opened) -> AsyncGenerator[Journal]:
    journal = opened()
    try:
        yield journal
    finally:
        await journal.close()


def play(opened: Opened, story: Callable[[Journal], Awaitable[T]]) -> T:
    async def run() -> T:
        async with journal_of(opened) as journal, asyncio.timeout(LIMIT):
            return await story(journal)

    return asyncio.run(run())


async def take(source: AsyncIterator[T], count: int) -> list[T]:
    found: list[T] = []
    async with aclosing(cast("AsyncGenerator[T]", source)) as items, asyncio.timeout(LIMIT):
        while len(found) < count:
            found.append(await anext(items))
    return found
