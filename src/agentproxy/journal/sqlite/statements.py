"""The writes of the journal. Each decides inside a transaction, then changes it."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field

from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.journal.port import (
    Fenced,
    Holder,
    JournalError,
    Lease,
    LeaseTaken,
    UnknownRun,
)
from agentproxy.journal.record import (
    Redact,
    StoredFact,
    encode,
    encode_command,
    face_of,
    repository_of,
)
from agentproxy.journal.sqlite.schema import LAST_SEQ, NAMED_RUNS, index_tail

_STANDINGS = f"""
SELECT json_group_array(json_array(runs.run, number, generation, {LAST_SEQ})) FROM {NAMED_RUNS}
"""
_TAIL = "SELECT (SELECT max(number) FROM events) - upto FROM indexed"
TAIL_EVENTS = 512  # small, because each query scans the tail
_COLUMNS = 8
_INSERT = "INSERT INTO events (run, seq, time, actor, kind, version, data, cause) VALUES "
_ONE_ROW = "(" + ",".join("?" * _COLUMNS) + ")"
# Each statement releases the GIL, and in a busy process it takes 5 ms to get it back. So rows are
# inserted by hundreds. Few sizes need few prepared statements.
_CHUNKS = tuple((size, _INSERT + ",".join([_ONE_ROW] * size)) for size in (256, 32, 4, 1))


@dataclass(slots=True)
class Standing:
    """The state of a run in the store."""

    number: int  # the row in `runs`
    generation: int
    top: int  # the last seq


@dataclass(slots=True)
class Transaction:
    """Writes that are committed together."""

    connection: sqlite3.Connection
    time: float
    standings: dict[RunId, Standing]  # with the changes of this transaction
    inbox_tops: dict[RunId, int] = field(default_factory=dict[RunId, int])
    added: dict[RunId, list[Event]] = field(default_factory=dict[RunId, list[Event]])
    _values: list[str | int | float] = field(default_factory=list[str | int | float])

    def look_up(self, runs: Iterable[RunId]) -> None:
        unknown = set(runs).difference(self.standings)
        if not unknown:
            return
        wanted = json.dumps(sorted(unknown))
        found = json.loads(self.connection.execute(_STANDINGS, (wanted,)).fetchone()[0])
        for run, number, generation, top in found:
            self.standings[RunId(run)] = Standing(number, generation, top)

    def standing(self, run: RunId) -> Standing:
        standing = self.standings.get(run)
        if standing is None:
            raise UnknownRun(f"the journal has no run {run!r}")
        return standing

    def held(self, lease: Lease) -> Standing:
        standing = self.standing(lease.run)
        if standing.generation != lease.generation:
            raise Fenced(
                f"run {lease.run} is in generation {standing.generation}, "
                f"and this lease is of generation {lease.generation}"
            )
        return standing

    def add(self, run: RunId, records: Sequence[StoredFact]) -> list[Event]:
        standing = self.standings[run]
        events: list[Event] = []
        for record in records:
            standing.top += 1
            actor, kind, version, text, cause, _ = record
            row = (standing.number, standing.top, self.time, actor, kind, version, text, cause)
            self._values += row
            events.append(record.event(run, standing.top, self.time))
        self.added.setdefault(run, []).extend(events)
        return events

    def flush(self) -> None:
        """Inserts all added records."""
        values = self._values
        at = 0
        for size, statement in _CHUNKS:
            width = size * _COLUMNS
            while len(values) - at >= width:
                self.connection.execute(statement, values[at : at + width])
                at += width
        if values and self.connection.execute(_TAIL).fetchone()[0] >= TAIL_EVENTS:
            index_tail(self.connection)


class _Unencoded:
    """A write with nothing to encode."""

    __slots__ = ()

    def prepare(self, redact: Redact) -> None:
        del redact


@dataclass(slots=True)
class _Owned:
    """A write of the run's owner."""

    lease: Lease

    @property
    def run(self) -> RunId:
        return self.lease.run


@dataclass(slots=True)
class Create:
    """Begins a run with its first event."""

    run: RunId
    draft: Draft
    holder: Holder
    _records: Sequence[StoredFact] = ()

    def prepare(self, redact: Redact) -> None:
        self._records = [encode(self.draft, redact)]

    def apply(self, transaction: Transaction) -> Lease:
        if self.run in transaction.standings:
            raise JournalError(f"the run {self.run!r} exists")
        number = transaction.connection.execute(
            "INSERT INTO runs (run, generation, pid, started, machine, slot, repository, face) "
            "VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
            (
                self.run,
                *astuple(self.holder),
                repository_of(self._records[0]),
                face_of(self._records[0]),
            ),
        ).lastrowid
        transaction.standings[self.run] = Standing(number or 0, generation=1, top=0)
        transaction.add(self.run, self._records)
        return Lease(self.run, 1, self.holder)


@dataclass(slots=True)
class CheckWritable(_Unencoded):
    """Writes a value anew that is there."""

    @property
    def run(self) -> RunId:
        return RunId("")  # of none

    def apply(self, transaction: Transaction) -> None:
        # Twice, because SQLite writes nothing where a value stays as it is.
        for change in ("+ 1", "- 1"):
            transaction.connection.execute(f"UPDATE indexed SET upto = upto {change}")


@dataclass(slots=True)
class AppendEvents(_Owned):
    """Appends events, and removes the commands that they answer."""

    drafts: Sequence[Draft]
    taken: Sequence[CommandId]
    _records: Sequence[StoredFact] = ()

    def prepare(self, redact: Redact) -> None:
        self._records = [encode(draft, redact) for draft in self.drafts]

    def apply(self, transaction: Transaction) -> Sequence[Event]:
        # Inside the transaction that appends: the lease alone prevents two writers with one seq.
        standing = transaction.held(self.lease)
        if self.taken:
            self._take(transaction, standing.number)
        return transaction.add(self.run, self._records)

    def _take(self, transaction: Transaction, number: int) -> None:
        ids = json.dumps(sorted(set(self.taken)))
        which = "FROM inbox WHERE run = ? AND id IN (SELECT value FROM json_each(?))"
        waiting = transaction.connection.execute(f"SELECT count(*) {which}", (number, ids))
        if waiting.fetchone()[0] != len(set(self.taken)):
            raise JournalError(f"not every command of {ids} waits in the inbox of run {self.run}")
        transaction.connection.execute(f"DELETE {which}", (number, ids))


@dataclass(slots=True)
class Acquire(_Unencoded):
    """Takes a run over."""

    run: RunId
    holder: Holder
    after: int

    def apply(self, transaction: Transaction) -> Lease:
        standing = transaction.standing(self.run)
        if standing.generation != self.after:
            raise LeaseTaken(
                f"run {self.run} is now in generation {standing.generation}, not {self.after}"
            )
        _hand_over(transaction, standing, self.holder)
        return Lease(self.run, standing.generation, self.holder)


@dataclass(slots=True)
class Release(_Owned, _Unencoded):
    """Releases a run."""

    def apply(self, transaction: Transaction) -> None:
        _hand_over(transaction, transaction.held(self.lease), None)


def _hand_over(transaction: Transaction, standing: Standing, holder: Holder | None) -> None:
    standing.generation += 1
    transaction.connection.execute(
        "UPDATE runs SET generation = ?, pid = ?, started = ?, machine = ?, slot = ? "
        "WHERE number = ?",
        (standing.generation, *(astuple(holder) if holder else (None,) * 4), standing.number),
    )


@dataclass(slots=True)
class Submit:
    """Puts a command into a run's inbox."""

    run: RunId
    command: Command
    _text: str = ""

    def prepare(self, redact: Redact) -> None:
        self._text = encode_command(self.command, redact)

    def apply(self, transaction: Transaction) -> CommandId:
        number = transaction.standing(self.run).number
        cursor = transaction.connection.execute(
            "INSERT INTO inbox (run, time, data) VALUES (?, ?, ?)",
            (number, time.time(), self._text),
        )
        command = CommandId(cursor.lastrowid or 0)
        transaction.inbox_tops[self.run] = command
        return command


@dataclass(slots=True)
class Forget(_Owned, _Unencoded):
    """Removes a run with all that is stored of it."""

    def apply(self, transaction: Transaction) -> None:
        number = transaction.held(self.lease).number
        # By their numbers: a search for the run would read the whole table.
        transaction.connection.execute(
            "DELETE FROM events WHERE number IN (SELECT event FROM event_index WHERE run = ? "
            "UNION ALL SELECT number FROM tail WHERE run = ?)",
            (number, number),
        )
        for table in ("event_index", "inbox"):
            transaction.connection.execute(f"DELETE FROM {table} WHERE run = ?", (number,))
        transaction.connection.execute("DELETE FROM runs WHERE number = ?", (number,))
        # The numbers of the newest events are used again. What is indexed ends before them.
        transaction.connection.execute(
            "UPDATE indexed SET upto = min(upto, (SELECT coalesce(max(number), 0) FROM events))"
        )
        del transaction.standings[self.run]
