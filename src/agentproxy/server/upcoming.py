"""The next event of a run, for readers that also wait for live output."""

import asyncio
from collections.abc import AsyncIterator, Callable

from agentproxy.engine.bell import Bell
from agentproxy.events.envelope import Event

# Events that wait here for a slow reader; the rest waits in the journal. A whole event may have
# some megabytes, and there may be many readers. A few are enough while the next are read.
MOST_UNREAD = 8


class Upcoming:
    """The next events of a journal. One task awaits them all."""

    __slots__ = ("_arrived", "_came", "_events", "_reading", "_ring", "_room")

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events
        self._came: list[Event] = []  # a few, and an empty deque takes 600 bytes
        self._arrived, self._room = Bell(), Bell()
        self._ring: Callable[[], None] = lambda: None
        self._reading = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(lambda _: self._tell())

    @property
    def is_there(self) -> bool:
        """Whether `next` need not wait: there is an event, or there will be none."""
        return bool(self._came) or self._reading.done()

    def on_news(self, ring: Callable[[], None]) -> None:
        """Calls `ring` whenever an event has come."""
        self._ring = ring
        if self.is_there:
            ring()

    async def next(self) -> Event:
        """Raises what ended the journal's events, or StopAsyncIteration."""
        while not self.is_there:
            self._arrived.clear()
            await self._arrived.ringing()
        if not self._came:
            self._reading.result()
            raise StopAsyncIteration
        self._room.set()
        return self._came.pop(0)

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        async for event in self._events:
            self._came.append(event)
            self._tell()
            while len(self._came) >= MOST_UNREAD:
                self._room.clear()
                await self._room.ringing()

    def _tell(self) -> None:
        self._arrived.set()
        self._ring()
