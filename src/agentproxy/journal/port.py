"""The protocol of the journal: events, leases that fence writers, an inbox of commands."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, Fact, RunId
from agentproxy.events.run import FaceName

PAGE_RUNS = 50


class JournalError(Exception):
    """The base class of all journal errors."""


class Fenced(JournalError):
    """Another process took the run over. The append changed nothing."""


class LeaseTaken(JournalError):
    """Another process took the run first."""


class UnknownRun(JournalError):
    pass


class JournalUnusable(JournalError):
    """The store cannot be opened, read or written (disk full, permissions, damage)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that owns a run."""

    pid: int
    started: int  # kernel start time in clock ticks: pids are used again
    machine: str  # machine and boot
    slot: int = 0  # differs each time that one process takes a run


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to append to a run. A later generation fences every earlier one."""

    run: RunId
    generation: int
    holder: Holder | None  # None: released


@dataclass(frozen=True, slots=True)
class Pending:
    """A command in a run's inbox."""

    id: CommandId
    time: float
    command: Command


class UnreadableFact(Fact):
    """Stands in a summary for a fact that cannot be read. It has no kind, so nothing stores it."""

    why: str


@dataclass(frozen=True, slots=True)
class RunHead:
    """A summary of a run. What cannot be read in it is an UnreadableFact: one run that a later
    version wrote must not hide the others.
    """

    first: Event
    last: Event  # the last event except ignored commands, which change nothing
    lease: Lease


class Journal(Protocol):
    """All events of all runs. What `append` returned is on disk and is never lost.

    Methods raise UnknownRun for a run that does not exist.
    """

    async def create(self, run: RunId, draft: Draft, holder: Holder) -> Lease:
        """Begins a run with its first event, and owns it (generation 1).

        Raises JournalError if the run exists.
        """
        ...

    def append(
        self, lease: Lease, drafts: Sequence[Draft], taken: Sequence[CommandId] = ()
    ) -> Awaitable[Sequence[Event]]:
        """Appends events in order, all or none. The commands in `taken` leave the inbox with them.

        Raises Fenced; JournalError if a command does not wait.
        """
        ...

    async def read(
        self, run: RunId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Event]:
        """Returns the events with `seq > after`, oldest first."""
        ...

    def follow(self, run: RunId, *, after: int = 0) -> AsyncIterator[Event]:
        """Yields the events with `seq > after`, then each new one from any process."""
        ...

    async def heads(
        self,
        *,
        limit: int = PAGE_RUNS,
        before: RunId | None = None,
        repository: str | None = None,
        face: FaceName = "supervised",
    ) -> Sequence[RunHead]:
        """Returns at most `limit` runs of a face that began before the run `before`, newest first.

        `repository` selects the runs of one repository.
        """
        ...

    async def head(self, run: RunId) -> RunHead: ...

    async def named(
        self, prefix: str, *, limit: int, face: FaceName | None = None
    ) -> Sequence[RunId]:
        """Returns at most `limit` run ids that begin with `prefix`, sorted; those of one face, or
        of all.
        """
        ...

    async def lease(self, run: RunId) -> Lease:
        """Returns the newest lease: the present owner, or the last one."""
        ...

    async def acquire(self, run: RunId, holder: Holder, *, after: int) -> Lease:
        """Takes the run over in generation `after + 1`. Raises LeaseTaken if `after` is not the
        newest.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Releases the run in generation + 1, which fences this lease. Raises Fenced."""
        ...

    async def forget(self, lease: Lease) -> None:
        """Removes a run with all that is stored of it. Raises Fenced."""
        ...

    async def check(self) -> None:
        """Writes something that changes nothing. Raises JournalUnusable."""
        ...

    async def submit(self, run: RunId, command: Command) -> CommandId: ...

    async def inbox(self, run: RunId) -> Sequence[Pending]:
        """Returns the commands that wait, oldest first."""
        ...

    def arrivals(self, run: RunId) -> AsyncIterator[Pending]:
        """Yields the commands that wait, then each new one from any process."""
        ...

    async def close(self) -> None:
        """Finishes accepted writes, and closes the store."""
        ...
