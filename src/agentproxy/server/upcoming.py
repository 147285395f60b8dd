"""The next event of a run, for readers that also wait for live output."""

import asyncio
from collections.abc import AsyncIterator, Callable

from agentproxy.events.envelope import Event


class Upcoming:
    """The next event of a journal, awaited without a task for each look at it."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events
        self._ring: Callable[[], None] = lambda: None
        self._next = self._await_next()

    @property
    def is_there(self) -> bool:
        return self._next.done()

    def on_news(self, ring: Callable[[], None]) -> None:
        """Calls `ring` whenever an event has come."""
        self._ring = ring
        if self.is_there:
            ring()

    async def next(self) -> Event:
        event = await self._next
        self._next = self._await_next()
        return event

    async def close(self) -> None:
        self._next.cancel()
        await asyncio.wait({self._next})

    def _await_next(self) -> "asyncio.Future[Event]":
        upcoming = asyncio.ensure_future(anext(self._events))
        upcoming.add_done_callback(lambda _: self._ring())
        return upcoming
