"""The only thread that writes. All waiting writes go into one transaction."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from agentproxy.events.envelope import RunId
from agentproxy.journal.port import JournalError, JournalUnusable
from agentproxy.journal.record import Redact
from agentproxy.journal.sqlite.statements import Standing, Transaction
from agentproxy.journal.sqlite.store import connect, unusable
from agentproxy.journal.sqlite.waiting import AnyWaiting, Waiting, settle
from agentproxy.journal.watchers import News, Watchers

QUEUE_LIMIT = 4096
BATCH_LIMIT = 1024
STANDINGS_LIMIT = 10_000

# Errors of one write's values (half of a surrogate pair, a 65-bit number), not of the store.
_VALUE_FAULTS = (
    ValueError,
    OverflowError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Write(Protocol[T_co]):
    """A write about a run."""

    @property
    def run(self) -> RunId: ...

    def prepare(self, redact: Redact) -> None:
        """Does the work that needs no transaction. Raises JournalError."""
        ...

    def apply(self, transaction: Transaction) -> T_co:
        """Decides, then changes. A write that raises JournalError has changed nothing."""
        ...


class _Job(Waiting[T]):
    """A write and its waiting caller. Only the writer's thread uses it, except for `settle`."""

    __slots__ = ("_write", "run")
    error: BaseException | None

    def __init__(self, write: Write[T], waiter: asyncio.Future[T]) -> None:
        super().__init__(waiter)
        self.run = write.run
        self._write = write

    def prepare(self, redact: Redact) -> None:
        self.error = None
        try:
            self._write.prepare(redact)
        except JournalError as error:
            self.error = error

    def apply(self, transaction: Transaction) -> None:
        try:
            self.answer = self._write.apply(transaction)
        except JournalError as error:
            self.error = error


class _AnyJob(AnyWaiting, Protocol):
    """A job of any result type."""

    run: RunId

    def prepare(self, redact: Redact) -> None: ...
    def apply(self, transaction: Transaction) -> None: ...


class Writer:
    """Writes to the journal at `path`, and wakes the watchers of each run.

    An accepted write is carried out even if its caller is cancelled.
    """

    def __init__(self, path: Path, *, redact: Redact, watchers: Watchers, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._redact = redact
        self._watchers = watchers
        self._jobs: queue.SimpleQueue[_AnyJob | None] = queue.SimpleQueue()
        self._waiting = 0  # jobs that are accepted and not settled
        self._door = asyncio.Lock()  # one caller waits for room, the others wait for this lock
        self._room: asyncio.Future[None] | None = None
        self._connection: sqlite3.Connection | None = None
        self._standings: dict[RunId, Standing] = {}
        self._foreign_commits = 0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # makes "not closed, so put" one step; guards `_waiting`
        self._closed = False

    def write(self, write: Write[T]) -> asyncio.Future[T]:
        """Carries out a write; it is on disk when what this returns is done.

        Raises JournalUnusable if the store failed or is closed.
        """
        if self._waiting >= QUEUE_LIMIT or self._door.locked():
            return asyncio.ensure_future(self._write_later(write))
        return self._accepted(write)

    async def _write_later(self, write: Write[T]) -> T:
        async with self._door:
            await self._wait_for_room()
            written = self._accepted(write)
        return await written

    def _accepted(self, write: Write[T]) -> asyncio.Future[T]:
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._accept(_Job(write, waiter))
        return waiter

    async def _wait_for_room(self) -> None:
        while True:
            room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            with self._lock:
                if self._waiting < QUEUE_LIMIT:
                    return
                self._room = room
            await room

    async def close(self) -> None:
        """Finishes accepted writes, and ends the thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _accept(self, job: _AnyJob) -> None:
        with self._lock:
            if self._closed:
                raise JournalUnusable(f"the journal {self._path} is closed")
            if self._thread is None:
                # A daemon: a process that does not close the journal must still be able to end.
                self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
                self._thread.start()
            self._waiting += 1
            self._jobs.put(job)

    def _work(self) -> None:
        jobs: list[_AnyJob] = []
        try:
            while self._next_batch(jobs):
                self._write_together(jobs)
                self._settle(jobs)
                jobs.clear()
        finally:
            self._drop_connection()
            self._refuse(jobs)

    def _next_batch(self, jobs: list[_AnyJob]) -> bool:
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == BATCH_LIMIT or self._jobs.empty():
                return True
            job = self._jobs.get()
        if jobs:
            self._jobs.put(None)
        return bool(jobs)

    def _write_together(self, jobs: Sequence[_AnyJob]) -> None:
        for job in jobs:
            job.prepare(self._redact)
        ready = [job for job in jobs if job.error is None]
        try:
            if ready:
                self._commit(ready)
        except _VALUE_FAULTS as error:
            self._drop_connection()
            if len(jobs) == 1:
                jobs[0].error = JournalError(f"this cannot be stored: {error}")
                return
            for job in ready:
                # One by one: only the write with the bad value fails.
                self._write_together([job])
        except (sqlite3.Error, OSError) as error:
            self._drop_connection()
            for job in ready:
                job.error = unusable(self._path, error)
        except JournalUnusable as error:
            for job in ready:
                job.error = error

    def _commit(self, jobs: Sequence[_AnyJob]) -> None:
        if self._connection is None:
            self._connection = connect(self._path, patience=self._patience)
        self._connection.execute("BEGIN IMMEDIATE")
        # Nobody else can commit now. The count shows whether anybody did since our last look.
        commits = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if commits != self._foreign_commits or len(self._standings) > STANDINGS_LIMIT:
            self._foreign_commits = commits
            self._standings.clear()
        runs = {job.run for job in jobs}
        transaction = Transaction(self._connection, time.time(), self._standings)
        transaction.look_up(runs)
        for job in jobs:
            job.apply(transaction)
        transaction.flush()
        tops = {run: self._standings[run].top for run in runs.intersection(self._standings)}
        for run, top in tops.items():
            self._watchers.announce(run, "events", top)
        for run, command in transaction.inbox_tops.items():
            self._watchers.announce(run, "inbox", command)
        self._connection.execute("COMMIT")
        # Whoever began to watch meanwhile may have looked before the commit.
        self._watchers.wake_each(
            [
                News(
                    run,
                    {"events": tops[run], "inbox": transaction.inbox_tops.get(run, 0)},
                    transaction.added.get(run, ()),
                )
                for run in tops.keys() & self._watchers.runs()
            ]
        )

    def _drop_connection(self) -> None:
        self._standings.clear()
        self._watchers.withdraw()
        # Closing undoes the open transaction. The next write connects again: the disk may be well
        # then.
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _refuse(self, jobs: list[_AnyJob]) -> None:
        with self._lock:
            # The thread ended or broke: nobody may wait forever.
            self._closed = True
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                jobs.append(job)
        for job in jobs:
            job.error = job.error or JournalUnusable(f"the writer of {self._path} broke")
        self._settle(jobs)

    def _settle(self, jobs: Sequence[_AnyJob]) -> None:
        with self._lock:
            self._waiting -= len(jobs)
            room, self._room = self._room, None
        if room is not None:
            with suppress(RuntimeError):
                room.get_loop().call_soon_threadsafe(_let_in, room)
        settle(jobs)


def _let_in(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
