"""The journal in one SQLite file, for many processes on one machine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.events.run import FaceName
from agentproxy.journal.port import PAGE_RUNS, Holder, Lease, Pending, RunHead
from agentproxy.journal.record import Redact
from agentproxy.journal.redact import Redactor
from agentproxy.journal.sqlite import reader as reads
from agentproxy.journal.sqlite.poll import Poll
from agentproxy.journal.sqlite.reader import PAGE_EVENTS
from agentproxy.journal.sqlite.readers import Readers
from agentproxy.journal.sqlite.statements import (
    Acquire,
    AppendEvents,
    CheckWritable,
    Create,
    Forget,
    Release,
    Submit,
)
from agentproxy.journal.sqlite.store import LOCK_SECONDS
from agentproxy.journal.sqlite.writer import Writer
from agentproxy.journal.watchers import Page, Watcher, Watchers


class SqliteJournal:
    """A `Journal` in the file `path`, created at first use. One event loop uses it.

    Every method raises JournalUnusable with the cure when the store fails. A cancelled `append` may
    still be written. A write waits for `patience` seconds while another process keeps the file
    locked.
    """

    def __init__(
        self, path: Path, *, redact: Redact | None = None, patience: float = LOCK_SECONDS
    ) -> None:
        self._watchers = Watchers()
        self._writer = Writer(
            path, redact=redact or Redactor(), watchers=self._watchers, patience=patience
        )
        self._readers = Readers(path)
        self._poll = Poll(path, self._watchers)

    async def create(self, run: RunId, draft: Draft, holder: Holder) -> Lease:
        return await self._writer.write(Create(run, draft, holder))

    def append(
        self, lease: Lease, drafts: Sequence[Draft], taken: Sequence[CommandId] = ()
    ) -> asyncio.Future[Sequence[Event]]:
        return self._writer.write(AppendEvents(lease, tuple(drafts), tuple(taken)))

    async def read(
        self, run: RunId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Event]:
        found: list[Event] = []
        while True:
            room = PAGE_EVENTS if limit is None else max(limit - len(found), 0)
            page = await self._page(run, after=after, limit=room)
            found += page.items
            if page.whole or len(found) == limit or not page.items:
                return found
            after = found[-1].seq

    def follow(self, run: RunId, *, after: int = 0) -> AsyncIterator[Event]:
        self._poll.start()
        return self._watchers.tail(
            Watcher(run, "events", after),
            lambda after: self._page(run, after=after, limit=PAGE_EVENTS),
            lambda event: event.seq,
        )

    async def heads(
        self,
        *,
        limit: int = PAGE_RUNS,
        before: RunId | None = None,
        repository: str | None = None,
        face: FaceName = "supervised",
    ) -> Sequence[RunHead]:
        return await self._readers.read(
            reads.heads(limit=limit, before=before, repository=repository, face=face)
        )

    async def head(self, run: RunId) -> RunHead:
        return await self._readers.read(reads.head(run))

    async def named(
        self, prefix: str, *, limit: int, face: FaceName | None = None
    ) -> Sequence[RunId]:
        return await self._readers.read(reads.named(prefix, limit=limit, face=face))

    async def lease(self, run: RunId) -> Lease:
        return await self._readers.read(reads.lease(run))

    async def acquire(self, run: RunId, holder: Holder, *, after: int) -> Lease:
        return await self._writer.write(Acquire(run, holder, after))

    async def release(self, lease: Lease) -> None:
        await self._writer.write(Release(lease))

    async def forget(self, lease: Lease) -> None:
        await self._writer.write(Forget(lease))

    async def check(self) -> None:
        await self._writer.write(CheckWritable())

    async def submit(self, run: RunId, command: Command) -> CommandId:
        return await self._writer.write(Submit(run, command))

    async def inbox(self, run: RunId) -> Sequence[Pending]:
        return await self._readers.read(reads.commands(run, after=0))

    def arrivals(self, run: RunId) -> AsyncIterator[Pending]:
        self._poll.start()
        return self._watchers.tail(
            Watcher(run, "inbox", after=0),
            lambda after: self._commands(run, after=after),
            lambda pending: pending.id,
        )

    async def close(self) -> None:
        """Finishes accepted writes. Tails end, and later calls raise JournalUnusable."""
        self._watchers.close()
        await self._writer.close()
        await asyncio.to_thread(self._poll.close)
        await self._readers.close()

    async def _page(self, run: RunId, *, after: int, limit: int) -> Page[Event]:
        return await self._readers.read(reads.events(run, after=after, limit=limit))

    async def _commands(self, run: RunId, *, after: int) -> Page[Pending]:
        return Page(await self._readers.read(reads.commands(run, after=after)), whole=True)
