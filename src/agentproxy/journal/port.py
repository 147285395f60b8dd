"""The journal's protocol: append, read, follow; leases that fence writers; an inbox of commands."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, RunId

PAGE_RUNS = 50


class JournalError(Exception):
    """The root of what a journal raises."""


class Fenced(JournalError):
    """Somebody else has taken the run since; the append changed nothing."""


class LeaseTaken(JournalError):
    """The run changed hands between looking and taking."""


class UnknownRun(JournalError):
    """The journal has no such run."""


class JournalUnusable(JournalError):
    """The store cannot be opened, read or written (disk full, permissions, damage)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who owns a run: a process, by pid and kernel start time (ticks), on a machine and boot.

    `slot` tells apart what one process holds and has held: each time it takes a run, it is another.
    """

    pid: int
    started: int
    machine: str
    slot: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to append to a run. A later generation fences every earlier one.

    Nobody has it where `holder` is None: it was released.
    """

    run: RunId
    generation: int
    holder: Holder | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that waits in a run's inbox."""

    id: CommandId
    time: float
    command: Command


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run at a glance: how it began, where it stands, and who owns it.

    `last` is the last event that changed how it stands: a command that was ignored did not.
    """

    first: Event
    last: Event
    lease: Lease


class Journal(Protocol):
    """Everything that happened. What `append` returned is on disk and is never lost."""

    async def create(self, run: RunId, draft: Draft, holder: Holder) -> Lease:
        """Begin a run with its first event, and own it (generation 1).

        Raises:
            JournalError: the run exists.
        """
        ...

    async def append(
        self, lease: Lease, drafts: Sequence[Draft], *, taken: Sequence[CommandId] = ()
    ) -> Sequence[Event]:
        """Append events in order, all or none; the commands in `taken` leave the inbox with them.

        Raises:
            Fenced: the lease is no longer the newest.
        """
        ...

    async def read(
        self, run: RunId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Event]:
        """The events with `seq > after`, oldest first.

        Raises:
            UnknownRun: there is no such run.
        """
        ...

    def follow(self, run: RunId, *, after: int = 0) -> AsyncIterator[Event]:
        """The events with `seq > after`, then each new one as it is committed, by any process.

        Ends only when it is closed. Raises UnknownRun.
        """
        ...

    async def heads(
        self, *, limit: int = PAGE_RUNS, before: RunId | None = None, repository: str | None = None
    ) -> Sequence[RunHead]:
        """The newest runs, at most `limit`, that began before the run `before`; newest first.

        `repository` leaves out those of others. Raises UnknownRun.
        """
        ...

    async def head(self, run: RunId) -> RunHead:
        """One run at a glance. Raises UnknownRun."""
        ...

    async def named(self, prefix: str, *, limit: int) -> Sequence[RunId]:
        """The runs whose id begins so, by their ids; at most `limit`."""
        ...

    async def lease(self, run: RunId) -> Lease:
        """The newest lease: who owns the run now, or owned it until its process ended.

        Raises:
            UnknownRun: there is no such run.
        """
        ...

    async def acquire(self, run: RunId, holder: Holder, *, after: int) -> Lease:
        """Take the run over: generation `after + 1`, if `after` is still the newest.

        Raises:
            LeaseTaken: somebody was faster.
            UnknownRun: there is no such run.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Let go of the run: generation + 1, and nobody holds it. The lease is fenced from now on.

        Raises:
            Fenced: the lease is no longer the newest.
            UnknownRun: there is no such run.
        """
        ...

    async def submit(self, run: RunId, command: Command) -> CommandId:
        """Put a command into the run's inbox. Raises UnknownRun."""
        ...

    async def inbox(self, run: RunId) -> Sequence[Pending]:
        """The commands that wait, oldest first."""
        ...

    def arrivals(self, run: RunId) -> AsyncIterator[Pending]:
        """Commands that wait, then each new one as it arrives, by any process; each once."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, and let go of the store."""
        ...
