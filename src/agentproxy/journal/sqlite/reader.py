"""Queries of the journal. Each runs in a reader's thread, on its own connection."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from agentproxy.events.envelope import CommandId, Event, RunId
from agentproxy.events.run import FaceName
from agentproxy.journal.port import Holder, Lease, Pending, RunHead, UnknownRun
from agentproxy.journal.record import (
    CHANGES_NOTHING,
    TELL_VERSION,
    StoredRow,
    decode,
    decode_command,
    decode_for_summary,
    version_in,
)
from agentproxy.journal.watchers import Page

# An error's traceback can keep a cursor alive, and an open cursor holds its connection at an old
# state. So every cursor is closed.
PAGE_EVENTS = 512
PAGE_CHARACTERS = 4_000_000  # of JSON: a page of large events has fewer events

_COLUMNS = "time, actor, kind, version, data, cause"
# Only the places are sorted, and each event is fetched by its place. Sorting whole events would
# sort the whole tail for every page. CROSS JOIN keeps the order: SQLite walks the places first.
_EVENTS = f"""
SELECT place.seq, {_COLUMNS} FROM (
    SELECT seq, event FROM event_index WHERE run = :run AND seq > :after
    UNION ALL
    SELECT seq, number FROM tail WHERE run = :run AND seq > :after
    ORDER BY seq LIMIT :limit
) AS place CROSS JOIN events ON number = place.event
"""
_HEADS = f"""
SELECT page.run, generation, pid, started, machine, slot, seq, {_COLUMNS} FROM (
    SELECT * FROM runs WHERE {{wanted}} ORDER BY number DESC LIMIT :limit
) AS page LEFT JOIN tail_ends ON tail_ends.run = page.number
JOIN events ON events.number IN (
    coalesce(
        (SELECT event FROM event_index AS it WHERE it.run = page.number AND seq = 1), first
    ),
    coalesce(
        last,
        (
            SELECT event FROM event_index AS it CROSS JOIN events AS one ON one.number = it.event
            WHERE it.run = page.number AND one.kind <> '{CHANGES_NOTHING}'
            ORDER BY it.seq DESC LIMIT 1
        )
    )
)
ORDER BY page.number DESC, seq
"""
# The newest first: who took a run over last before an event wrote it.
_TELL_VERSION = f"""
SELECT data FROM (
    SELECT event FROM event_index WHERE run = :run AND seq <= :seq
    UNION ALL
    SELECT number FROM tail WHERE run = :run AND seq <= :seq
) AS place CROSS JOIN events ON number = place.event
WHERE kind IN {TELL_VERSION} ORDER BY number DESC
"""
_LEASE = "SELECT generation, pid, started, machine, slot FROM runs WHERE number = ?"
_NAMED = """
SELECT run FROM runs WHERE run >= ? AND run < ? AND face = coalesce(?, face) ORDER BY run LIMIT ?
"""
LAST_CHARACTER = "\U0010ffff"


def events(run: RunId, *, after: int, limit: int) -> Callable[[sqlite3.Connection], Page[Event]]:
    """Returns the next page of a run's events."""

    def ask(connection: sqlite3.Connection) -> Page[Event]:
        number = _number(connection, run)
        most = min(limit, PAGE_EVENTS)
        wanted = {"run": number, "after": after, "limit": most}
        page: list[Event] = []
        size = 0
        with closing(connection.execute(_EVENTS, wanted)) as rows:
            for row in rows:
                page.append(_decode(connection, run, StoredRow(*row)))
                size += len(row[5])
                if size > PAGE_CHARACTERS:
                    return Page(page, whole=False)
        return Page(page, whole=len(page) < most)

    return ask


def commands(run: RunId, *, after: int) -> Callable[[sqlite3.Connection], list[Pending]]:
    def ask(connection: sqlite3.Connection) -> list[Pending]:
        waiting = connection.execute(
            "SELECT id, time, data FROM inbox WHERE run = ? AND id > ? ORDER BY id",
            (_number(connection, run), after),
        )
        with closing(waiting) as rows:
            return [
                Pending(CommandId(number), time, decode_command(run, number, data))
                for number, time, data in rows
            ]

    return ask


def lease(run: RunId) -> Callable[[sqlite3.Connection], Lease]:
    def ask(connection: sqlite3.Connection) -> Lease:
        row = connection.execute(_LEASE, (_number(connection, run),)).fetchone()
        return _lease(run, row)

    return ask


def heads(
    *, limit: int, before: RunId | None, repository: str | None, face: FaceName
) -> Callable[[sqlite3.Connection], list[RunHead]]:
    def ask(connection: sqlite3.Connection) -> list[RunHead]:
        if repository is not None and not _can_be_stored(repository):
            return []
        wanted = ["face = :face"]
        wanted += ["number < :before"] if before is not None else []
        wanted += ["repository = :repository"] if repository is not None else []
        values = {
            "before": None if before is None else _number(connection, before),
            "repository": repository,
            "face": face,
            "limit": max(limit, 0),
        }
        return _heads(connection, " AND ".join(wanted), values)

    return ask


def head(run: RunId) -> Callable[[sqlite3.Connection], RunHead]:
    def ask(connection: sqlite3.Connection) -> RunHead:
        values = {"number": _number(connection, run), "limit": 1}
        return _heads(connection, "number = :number", values)[0]

    return ask


def named(
    prefix: str, *, limit: int, face: FaceName | None
) -> Callable[[sqlite3.Connection], list[RunId]]:
    def ask(connection: sqlite3.Connection) -> list[RunId]:
        if not _can_be_stored(prefix):
            return []
        bounds = (prefix, prefix + LAST_CHARACTER, face, max(limit, 0))
        return [RunId(run) for (run,) in connection.execute(_NAMED, bounds).fetchall()]

    return ask


def _heads(
    connection: sqlite3.Connection, wanted: str, values: Mapping[str, object]
) -> list[RunHead]:
    found: dict[Lease, list[Event]] = {}
    with closing(connection.execute(_HEADS.format(wanted=wanted), values)) as rows:
        for run, *row in rows:
            held = _lease(RunId(run), (row[0], row[1], row[2], row[3], row[4]))
            found.setdefault(held, []).append(_summarised(connection, held.run, row[5:]))
    return [RunHead(pair[0], pair[-1], held) for held, pair in found.items()]


def _summarised(connection: sqlite3.Connection, run: RunId, values: Sequence[Any]) -> Event:
    row = StoredRow(*values)
    return decode_for_summary(run, row, writer=lambda: _writer(connection, run, row))


def _decode(connection: sqlite3.Connection, run: RunId, row: StoredRow) -> Event:
    return decode(run, row, writer=lambda: _writer(connection, run, row))


def _writer(connection: sqlite3.Connection, run: RunId, row: StoredRow) -> str:
    wanted = {"run": _number(connection, run), "seq": row.seq}
    with closing(connection.execute(_TELL_VERSION, wanted)) as rows:
        return next(filter(None, (version_in(text) for (text,) in rows)), "")


def _lease(run: RunId, row: tuple[int, int | None, int, str, int]) -> Lease:
    generation, pid, started, machine, slot = row
    return Lease(run, generation, None if pid is None else Holder(pid, started, machine, slot))


def _can_be_stored(text: str) -> bool:
    # SQLite stores UTF-8, which has no half of a surrogate pair.
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _number(connection: sqlite3.Connection, run: RunId) -> int:
    try:
        row = connection.execute("SELECT number FROM runs WHERE run = ?", (run,)).fetchone()
    except UnicodeEncodeError:
        row = None
    if row is None:
        raise UnknownRun(f"the journal has no run {run!r}")
    return int(row[0])
