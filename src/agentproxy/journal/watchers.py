"""Who waits for news of a run, and how to follow a run without a gap."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar, cast

from agentproxy.engine.bell import Bell
from agentproxy.events.envelope import Event, RunId

Topic = Literal["events", "inbox"]
TOPICS: tuple[Topic, ...] = ("events", "inbox")
T = TypeVar("T")
MAX_FRESH = 64  # events that wait for one watcher; a slower one reads them from the store


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What was found behind a place. `whole`: there was nothing more."""

    items: Sequence[T]
    whole: bool


@dataclass(eq=False, slots=True)
class Watcher:
    """A reader that has everything up to `after`, and waits for `news`."""

    run: RunId
    topic: Topic
    after: int
    news: Bell = field(default_factory=Bell)
    # What this process has committed behind `after`, so that it need not be read again.
    fresh: list[Event] = field(default_factory=list[Event])
    behind: bool = True  # the store may hold more than `fresh`

    def offer(self, committed: Sequence[Event], newest: int) -> None:
        """Takes the events that continue what the watcher has. `newest` is the newest place."""
        reached = max(self.after, self.fresh[-1].seq if self.fresh else 0)
        for event in committed:
            if event.seq == reached + 1 and len(self.fresh) < MAX_FRESH:
                self.fresh.append(event)
                reached = event.seq
        self.behind = self.behind or newest > reached
        self.news.set()

    def look(self) -> None:
        """Has the store read, whatever is known of it."""
        self.behind = True
        self.news.set()


@dataclass(frozen=True, slots=True)
class News:
    """What is new of a run."""

    run: RunId
    newest: Mapping[Topic, int]  # 0 where there is nothing
    committed: Sequence[Event] = ()  # the newest events, if they are at hand


class Watchers:
    """All watchers of all runs."""

    def __init__(self) -> None:
        self.closed = False
        self.some = threading.Event()  # set when a watcher is added
        # Sets are replaced, never changed: other threads iterate over them.
        self._watchers: dict[RunId, frozenset[Watcher]] = {}
        # The newest places that this process commits, and tells of by itself.
        self._own: dict[tuple[RunId, Topic], int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def runs(self) -> list[RunId]:
        """Returns the runs with watchers. Any thread may call this."""
        return list(self._watchers)

    def wake(
        self,
        run: RunId,
        *,
        events: int | None = None,
        inbox: int | None = None,
        committed: Sequence[Event] = (),
    ) -> None:
        """Wakes watchers that lack event `events` or command `inbox`. Any thread may call this.

        `committed` are the newest events of the run, if they are at hand.
        """
        self.wake_each([News(run, {"events": events or 0, "inbox": inbox or 0}, committed)])

    def wake_each(self, news: Sequence[News]) -> None:
        """Does what `wake` does for several runs, in one call into the event loop."""
        # Each call lets go of the GIL, and in a busy process it takes 5 ms to get it back.
        behind = [
            (watcher, each)
            for each in news
            for watcher in self._of(each.run)
            if each.newest[watcher.topic] > watcher.after
        ]

        def tell() -> None:
            for watcher, each in behind:
                watcher.offer(each.committed, each.newest[watcher.topic])

        if behind:
            self._call(tell)

    def announce(self, run: RunId, topic: Topic, newest: int) -> None:
        """Tells that this process is about to commit a place, and calls `wake` after that."""
        if run in self._watchers:
            self._own[run, topic] = newest

    def withdraw(self) -> None:
        """Takes back what was announced: it may not have been committed. Any thread may call it."""
        if self._own:
            self._own.clear()
            self.wake_all()

    def wake_for_others(self, run: RunId, *, events: int, inbox: int) -> bool:
        """Wakes watchers for what another process committed. Returns whether there is any.

        Any thread may call this.
        """
        if events <= self._own.get((run, "events"), 0):
            events = 0
        if inbox <= self._own.get((run, "inbox"), 0):
            inbox = 0
        if run not in self._watchers or not (events or inbox):
            return False
        self.wake(run, events=events, inbox=inbox)
        return True

    def wake_all(self) -> None:
        """Wakes every watcher. Any thread may call this."""
        everybody = [it for watchers in list(self._watchers.values()) for it in watchers]

        def tell() -> None:
            for watcher in everybody:
                watcher.look()

        self._call(tell)

    def close(self) -> None:
        self.closed = True
        self.wake_all()

    async def tail(
        self,
        watcher: Watcher,
        page: Callable[[int], Awaitable[Page[T]]],
        position: Callable[[T], int],
    ) -> AsyncIterator[T]:
        """Yields the items of `page(after)`, again and again; waits while there are none."""
        self._add(watcher)
        try:
            while not self.closed:
                # Cleared before the read: news between the read and the wait must end the wait.
                watcher.news.clear()
                for item in await self._next(watcher, page):
                    watcher.after = position(item)
                    yield item
                if not (watcher.behind or watcher.fresh or self.closed):
                    item = None  # it need not stay while nothing comes
                    await watcher.news.ringing()
        finally:
            self._remove(watcher)

    async def _next(
        self, watcher: Watcher, page: Callable[[int], Awaitable[Page[T]]]
    ) -> Sequence[T]:
        while watcher.fresh:
            event = watcher.fresh.pop(0)
            if event.seq == watcher.after + 1:
                # Only watchers of events are offered any.
                return [cast("T", event)]
            watcher.behind = watcher.behind or event.seq > watcher.after
        if not watcher.behind:
            return ()
        watcher.behind = False
        found = await page(watcher.after)
        watcher.behind = watcher.behind or not found.whole
        return found.items

    def _add(self, watcher: Watcher) -> None:
        self._loop = asyncio.get_running_loop()
        self._watchers[watcher.run] = self._of(watcher.run) | {watcher}
        self.some.set()

    def _remove(self, watcher: Watcher) -> None:
        self._watchers[watcher.run] = self._of(watcher.run) - {watcher}
        if not self._watchers[watcher.run]:
            del self._watchers[watcher.run]
            for topic in TOPICS:
                self._own.pop((watcher.run, topic), None)

    def _of(self, run: RunId) -> frozenset[Watcher]:
        return self._watchers.get(run, frozenset())

    def _call(self, tell: Callable[[], None]) -> None:
        if self._loop is not None:
            # A closed loop has no watcher that could miss the news.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(tell)
