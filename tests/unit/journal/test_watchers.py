"""A follower gets each event once and in order, from memory where it can, else from the store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from agentproxy.events.agent import AgentTold
from agentproxy.events.envelope import Event, RunId
from agentproxy.journal.watchers import MAX_FRESH, Page, Watcher, Watchers

RUN = RunId("20260101-000000-aaaa")


def event(seq: int) -> Event:
    return Event(RUN, seq, 0.0, "worker", AgentTold(text=str(seq)), "")


@dataclass
class Store:
    """Counts the reads of what is stored."""

    watchers: Watchers = field(default_factory=Watchers)
    events: list[Event] = field(default_factory=list[Event])
    reads: int = 0

    def commit(self, *, tells: bool = True, wakes: bool = True) -> None:
        new = event(len(self.events) + 1)
        self.events.append(new)
        if wakes:
            self.watchers.wake(RUN, events=new.seq, committed=[new] if tells else ())

    async def page(self, after: int) -> Page[Event]:
        self.reads += 1
        found, more = self.events[after : after + 3], self.events[after + 3 :]
        await asyncio.sleep(0)
        return Page(found, whole=not more)

    def follow(self) -> AsyncIterator[Event]:
        return self.watchers.tail(Watcher(RUN, "events", 0), self.page, lambda each: each.seq)


async def take(story: AsyncIterator[Event], count: int) -> list[int]:
    async with asyncio.timeout(5):
        return [(await anext(story)).seq for _ in range(count)]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_this_process_commits_is_not_read_again() -> None:
    async def story() -> None:
        store = Store()
        store.commit()
        events = store.follow()
        assert await take(events, 1) == [1]
        waiting = asyncio.ensure_future(take(events, 20))
        await settle()
        before = store.reads
        for _ in range(20):
            store.commit()
            await settle()
        assert await waiting == list(range(2, 22))
        assert store.reads == before

    asyncio.run(story())


def test_what_another_process_commits_is_read_in_its_place() -> None:
    async def story() -> None:
        store = Store()
        events = store.follow()
        waiting = asyncio.ensure_future(take(events, 6))
        await settle()
        store.commit()
        store.commit(tells=False, wakes=False)
        store.commit()
        await settle()
        store.commit(tells=False)
        store.commit()
        store.commit()
        assert await waiting == [1, 2, 3, 4, 5, 6]

    asyncio.run(story())


def test_a_slow_follower_misses_nothing() -> None:
    async def story() -> None:
        store = Store()
        events = store.follow()
        first = asyncio.ensure_future(take(events, 1))
        await settle()
        for _ in range(3 * MAX_FRESH):
            store.commit()
        assert await first == [1]
        await settle()
        store.commit()
        assert await take(events, 3 * MAX_FRESH) == list(range(2, 3 * MAX_FRESH + 2))

    asyncio.run(story())


def test_a_look_for_other_processes_that_meets_our_own_commit_wakes_nobody() -> None:
    async def story() -> None:
        store = Store()
        store.commit()
        events = store.follow()
        assert await take(events, 1) == [1]
        waiting = asyncio.ensure_future(take(events, 2))
        await settle()
        before = store.reads
        store.watchers.announce(RUN, "events", 2)
        assert not store.watchers.wake_for_others(RUN, events=2, inbox=0)
        store.commit()
        await settle()
        assert store.reads == before
        store.commit(wakes=False)
        assert store.watchers.wake_for_others(RUN, events=3, inbox=0)
        assert await waiting == [2, 3]

    asyncio.run(story())


def test_who_waits_looks_for_itself_where_a_commit_that_was_announced_may_have_failed() -> None:
    async def story() -> None:
        store = Store()
        events = store.follow()
        waiting = asyncio.ensure_future(take(events, 2))
        await settle()
        store.watchers.announce(RUN, "events", 2)
        store.commit(wakes=False)
        store.watchers.withdraw()
        await settle()
        store.commit(wakes=False)
        assert store.watchers.wake_for_others(RUN, events=2, inbox=0)
        assert await waiting == [1, 2]

    asyncio.run(story())
