"""Who waits for news of a run, and how to follow a run without a gap."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from agentproxy.events.envelope import RunId

Topic = Literal["events", "inbox"]
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class Watcher:
    """A reader that has everything up to `after`, and waits for `news`."""

    run: RunId
    topic: Topic
    after: int
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Watchers:
    """All watchers of all runs."""

    def __init__(self) -> None:
        self.closed = False
        self.some = threading.Event()  # set when a watcher is added
        # Sets are replaced, never changed: other threads iterate over them.
        self._watchers: dict[RunId, frozenset[Watcher]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def runs(self) -> list[RunId]:
        """Returns the runs with watchers. Any thread may call this."""
        return list(self._watchers)

    def wake(self, run: RunId, *, events: int | None = None, inbox: int | None = None) -> None:
        """Wakes watchers that lack event `events` or command `inbox`. Any thread may call this."""
        newest = {"events": events or 0, "inbox": inbox or 0}
        behind = [it for it in self._of(run) if newest[it.topic] > it.after]
        if behind:
            self._ring(behind)

    def wake_all(self) -> None:
        """Wakes every watcher. Any thread may call this."""
        self._ring(it for watchers in list(self._watchers.values()) for it in watchers)

    def close(self) -> None:
        self.closed = True
        self.wake_all()

    async def tail(
        self,
        watcher: Watcher,
        page: Callable[[int], Awaitable[Sequence[T]]],
        position: Callable[[T], int],
    ) -> AsyncIterator[T]:
        """Yields the items of `page(after)`, again and again; waits while there are none."""
        with self._watching(watcher):
            while not self.closed:
                # Cleared before the read: news between the read and the wait must end the wait.
                watcher.news.clear()
                found = await page(watcher.after)
                for item in found:
                    watcher.after = position(item)
                    yield item
                if not found and not self.closed:
                    await watcher.news.wait()

    @contextmanager
    def _watching(self, watcher: Watcher) -> Generator[None]:
        self._loop = asyncio.get_running_loop()
        self._watchers[watcher.run] = self._of(watcher.run) | {watcher}
        self.some.set()
        try:
            yield
        finally:
            self._watchers[watcher.run] = self._of(watcher.run) - {watcher}
            if not self._watchers[watcher.run]:
                del self._watchers[watcher.run]

    def _of(self, run: RunId) -> frozenset[Watcher]:
        return self._watchers.get(run, frozenset())

    def _ring(self, watchers: Iterable[Watcher]) -> None:
        if self._loop is not None:
            # A closed loop has no watcher that could miss the news.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_ring_here, tuple(watchers))


def _ring_here(watchers: Sequence[Watcher]) -> None:
    for watcher in watchers:
        watcher.news.set()
