"""The journal in memory, for tests. It keeps encoded text, like the journal on disk."""

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.events.run import FaceName
from agentproxy.journal.port import (
    PAGE_RUNS,
    Fenced,
    Holder,
    JournalError,
    JournalUnusable,
    Lease,
    LeaseTaken,
    Pending,
    RunHead,
    UnknownRun,
)
from agentproxy.journal.record import (
    CHANGES_NOTHING,
    TELL_VERSION,
    Redact,
    StoredFact,
    StoredRow,
    decode,
    decode_command,
    decode_for_summary,
    encode,
    encode_command,
    face_of,
    repository_of,
    version_in,
)
from agentproxy.journal.redact import Redactor
from agentproxy.journal.watchers import Page, Watcher, Watchers

T = TypeVar("T")


@dataclass(slots=True)
class _Story:
    lease: Lease
    repository: str
    face: FaceName
    rows: list[StoredRow] = field(default_factory=list[StoredRow])
    inbox: dict[CommandId, tuple[float, str]] = field(
        default_factory=dict[CommandId, tuple[float, str]]
    )


class MemoryJournal:
    """A `Journal` that ends with its process. `Journal` documents its methods."""

    def __init__(self, *, redact: Redact | None = None) -> None:
        self._redact: Redact = redact or Redactor()
        self._stories: dict[RunId, _Story] = {}
        self._numbers = itertools.count(1)
        self._watchers = Watchers()

    async def create(self, run: RunId, draft: Draft, holder: Holder) -> Lease:
        self._check_open()
        # Encoded before any change, so that an error changes nothing.
        record = encode(draft, self._redact)
        if run in self._stories:
            raise JournalError(f"the run {run!r} exists")
        self._stories[run] = _Story(Lease(run, 1, holder), repository_of(record), face_of(record))
        self._add(run, [record])
        return self._stories[run].lease

    async def append(
        self, lease: Lease, drafts: Sequence[Draft], taken: Sequence[CommandId] = ()
    ) -> Sequence[Event]:
        records = [encode(draft, self._redact) for draft in drafts]
        story = self._story(lease.run)
        _refuse_fenced(lease, story.lease)
        if not story.inbox.keys() >= set(taken):
            raise JournalError(f"not every command of {taken} waits in the inbox of {lease.run}")
        for command in set(taken):
            del story.inbox[command]
        return self._add(lease.run, records)

    async def read(
        self, run: RunId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Event]:
        rows = self._story(run).rows[max(after, 0) :]
        wanted = rows if limit is None else rows[: max(limit, 0)]
        return [self._decode(run, row) for row in wanted]

    def follow(self, run: RunId, *, after: int = 0) -> AsyncIterator[Event]:
        return self._watchers.tail(
            Watcher(run, "events", after),
            lambda after: _whole(self.read(run, after=after)),
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
        self._check_open()
        runs = list(self._stories)
        if before is not None:
            self._story(before)
            runs = runs[: runs.index(before)]
        wanted = (
            run
            for run in reversed(runs)
            if repository in (None, self._stories[run].repository)
            and face == self._stories[run].face
        )
        return [self._head(run) for run in itertools.islice(wanted, max(limit, 0))]

    async def head(self, run: RunId) -> RunHead:
        self._story(run)
        return self._head(run)

    async def named(
        self, prefix: str, *, limit: int, face: FaceName | None = None
    ) -> Sequence[RunId]:
        self._check_open()
        found = (
            run
            for run, story in self._stories.items()
            if run.startswith(prefix) and face in (None, story.face)
        )
        return sorted(found)[: max(limit, 0)]

    def _head(self, run: RunId) -> RunHead:
        rows = self._stories[run].rows
        last = next((row for row in reversed(rows) if row.kind != CHANGES_NOTHING), rows[0])
        first, newest = (
            decode_for_summary(run, row, writer=lambda row=row: self._writer(run, row.seq))
            for row in (rows[0], last)
        )
        return RunHead(first, newest, self._stories[run].lease)

    def _decode(self, run: RunId, row: StoredRow) -> Event:
        return decode(run, row, writer=lambda: self._writer(run, row.seq))

    def _writer(self, run: RunId, seq: int) -> str:
        told = (
            version_in(row.text)
            for row in reversed(self._stories[run].rows[:seq])
            if row.kind in TELL_VERSION
        )
        return next(filter(None, told), "")

    async def lease(self, run: RunId) -> Lease:
        return self._story(run).lease

    async def acquire(self, run: RunId, holder: Holder, *, after: int) -> Lease:
        story = self._story(run)
        if story.lease.generation != after:
            raise LeaseTaken(f"run {run} is in generation {story.lease.generation}, not {after}")
        story.lease = Lease(run, after + 1, holder)
        return story.lease

    async def release(self, lease: Lease) -> None:
        story = self._story(lease.run)
        _refuse_fenced(lease, story.lease)
        story.lease = Lease(lease.run, lease.generation + 1, None)

    async def forget(self, lease: Lease) -> None:
        _refuse_fenced(lease, self._story(lease.run).lease)
        del self._stories[lease.run]

    async def check(self) -> None:
        self._check_open()

    async def submit(self, run: RunId, command: Command) -> CommandId:
        # Encoded text, not the object: tests then read what a file would give back.
        text = encode_command(command, self._redact)
        story = self._story(run)
        number = CommandId(next(self._numbers))
        story.inbox[number] = (time.time(), text)
        self._watchers.wake(run, inbox=number)
        return number

    async def inbox(self, run: RunId) -> Sequence[Pending]:
        return await self._waiting(run, after=0)

    def arrivals(self, run: RunId) -> AsyncIterator[Pending]:
        return self._watchers.tail(
            Watcher(run, "inbox", after=0),
            lambda after: _whole(self._waiting(run, after=after)),
            lambda pending: pending.id,
        )

    async def close(self) -> None:
        self._watchers.close()

    def _check_open(self) -> None:
        if self._watchers.closed:
            raise JournalUnusable("the journal is closed")

    def _story(self, run: RunId) -> _Story:
        self._check_open()
        story = self._stories.get(run)
        if story is None:
            raise UnknownRun(f"the journal has no run {run!r}")
        return story

    def _add(self, run: RunId, records: Sequence[StoredFact]) -> Sequence[Event]:
        rows = self._stories[run].rows
        now = time.time()
        events = [
            record.event(run, seq, now) for seq, record in enumerate(records, start=len(rows) + 1)
        ]
        rows += (
            StoredRow(
                event.seq, now, record.actor, record.kind, record.version, record.text, record.cause
            )
            for event, record in zip(events, records, strict=True)
        )
        self._watchers.wake(run, events=len(rows), committed=events)
        return events

    async def _waiting(self, run: RunId, *, after: int) -> Sequence[Pending]:
        return [
            Pending(number, when, decode_command(run, number, text))
            for number, (when, text) in self._story(run).inbox.items()
            if number > after
        ]


def _refuse_fenced(lease: Lease, newest: Lease) -> None:
    if newest.generation != lease.generation:
        raise Fenced(f"run {lease.run} is now in generation {newest.generation}")


async def _whole(found: Awaitable[Sequence[T]]) -> Page[T]:
    return Page(await found, whole=True)
