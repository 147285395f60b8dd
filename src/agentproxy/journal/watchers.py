"""Who waits for news of a run, and how news is followed without a gap."""

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
    """A reader who has everything up to `after`, and sleeps until `news`."""

    run: RunId
    topic: Topic
    after: int
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Watchers:
    """Everyone who follows something. `some` is set when somebody begins to."""

    def __init__(self) -> None:
        self.closed = False
        self.some = threading.Event()
        # Sets are replaced, never changed: other threads walk through them.
        self._watchers: dict[RunId, frozenset[Watcher]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def runs(self) -> list[RunId]:
        """The runs that somebody follows. May be called from any thread."""
        return list(self._watchers)

    def wake(self, run: RunId, *, events: int | None = None, inbox: int | None = None) -> None:
        """Wake who lacks event `events` or command `inbox`. May be called from any thread."""
        newest = {"events": events or 0, "inbox": inbox or 0}
        behind = [it for it in self._of(run) if newest[it.topic] > it.after]
        if behind:
            self._ring(behind)

    def wake_all(self) -> None:
        """Let everybody look for himself. May be called from any thread."""
        self._ring(it for watchers in list(self._watchers.values()) for it in watchers)

    def close(self) -> None:
        """End every tail."""
        self.closed = True
        self.wake_all()

    async def tail(
        self,
        watcher: Watcher,
        page: Callable[[int], Awaitable[Sequence[T]]],
        position: Callable[[T], int],
    ) -> AsyncIterator[T]:
        """What `page(after)` gives, again and again; sleeps when it gives nothing."""
        with self._watching(watcher):
            while not self.closed:
                # Before the look: news that comes between look and sleep must end the sleep.
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
            # A loop that is closed has nobody left who could miss the news.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_ring_here, tuple(watchers))


def _ring_here(watchers: Sequence[Watcher]) -> None:
    for watcher in watchers:
        watcher.news.set()
