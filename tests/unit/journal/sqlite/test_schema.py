"""A file of an earlier version is taken over with all that is in it."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from support.journals import ME, SHE, checks, started

from agentproxy.events.commands import SendMessage
from agentproxy.events.envelope import RunId
from agentproxy.journal.port import JournalUnusable
from agentproxy.journal.sqlite.journal import SqliteJournal

VERSION_1 = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL,
    pid INTEGER NOT NULL, started INTEGER NOT NULL, machine TEXT NOT NULL
);
CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs (number), seq INTEGER NOT NULL, time REAL NOT NULL,
    actor TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL,
    cause TEXT NOT NULL, UNIQUE (run, seq)
);
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs (number),
    time REAL NOT NULL, data TEXT NOT NULL
);
CREATE INDEX inbox_by_run ON inbox (run, id);
PRAGMA user_version = 1;
"""
RUNS = (RunId("old"), RunId("other"))
EVENTS = 700


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of version 1 with two runs, written side by side, and a command that waits."""
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    with connection:
        for number, run in enumerate(RUNS, start=1):
            row = (number, run, 3, ME.pid, ME.started, ME.machine)
            connection.execute("INSERT INTO runs VALUES (?,?,?,?,?,?)", row)
        for seq in range(1, EVENTS + 1):
            data = started(f"check {seq}").fact.model_dump_json()
            for number in (1, 2):
                row = (number, seq, 1.0, "me", "check_started", 1, data, "why")
                connection.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", row)
        command = SendMessage(text="go on").model_dump_json()
        connection.execute("INSERT INTO inbox (run, time, data) VALUES (1, 1.0, ?)", (command,))
    connection.close()
    return path


def test_all_of_it_is_there_and_goes_on(path: Path) -> None:
    async def story() -> None:
        journal = SqliteJournal(path)
        for run in RUNS:
            events = await journal.read(run)
            assert [event.seq for event in events] == list(range(1, EVENTS + 1))
            assert checks(events) == [f"check {seq}" for seq in range(1, EVENTS + 1)]
            assert {(e.time, e.actor, e.cause) for e in events} == {(1.0, "me", "why")}
        assert [head.last.seq for head in await journal.heads()] == [EVENTS, EVENTS]
        (pending,) = await journal.inbox(RUNS[0])
        assert pending.command == SendMessage(text="go on")
        lease = await journal.acquire(RUNS[0], SHE, after=3)
        (event,) = await journal.append(lease, [started("new")], taken=[pending.id])
        assert event.seq == EVENTS + 1
        await journal.close()

    asyncio.run(story())


@pytest.mark.parametrize("runs", [0, 2])
def test_a_file_without_events_is_taken_over(path: Path, runs: int) -> None:
    earlier = sqlite3.connect(path)
    with earlier:
        earlier.execute("DELETE FROM events")
        earlier.execute("DELETE FROM inbox")
        earlier.execute("DELETE FROM runs WHERE number > ?", (runs,))
    earlier.close()

    async def story() -> None:
        journal = SqliteJournal(path)
        assert await journal.heads() == []
        lease = await journal.create(RunId("new"), started("first"), ME)
        assert [event.seq for event in await journal.append(lease, [started()])] == [2]
        await journal.close()

    asyncio.run(story())


def test_many_who_open_it_at_once_all_get_it(path: Path) -> None:
    async def story() -> None:
        journals = [SqliteJournal(path) for _ in range(6)]
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(journal.read(RUNS[1])) for journal in journals]
        assert {len(read.result()) for read in reads} == {EVENTS}
        for journal in journals:
            await journal.close()

    asyncio.run(story())


def test_one_who_has_it_open_already_goes_on(path: Path) -> None:
    earlier = sqlite3.connect(path)
    earlier.execute("PRAGMA journal_mode = WAL")
    insert = (
        "INSERT INTO events (run, seq, time, actor, kind, version, data, cause) "
        "SELECT run, ?, time, actor, kind, version, data, cause FROM events WHERE run = 1 LIMIT 1"
    )
    with earlier:
        earlier.execute(insert, (EVENTS + 1,))

    async def story() -> None:
        journal = SqliteJournal(path)
        assert len(await journal.read(RUNS[0])) == EVENTS + 1
        with earlier:
            earlier.execute(insert, (EVENTS + 2,))
        assert len(await journal.read(RUNS[0])) == EVENTS + 2
        await journal.close()

    asyncio.run(story())
    earlier.close()


def test_a_change_that_fails_leaves_the_earlier_file_as_it_was(path: Path) -> None:
    writer = sqlite3.connect(path)
    writer.execute("CREATE TABLE events_1 (in_the_way TEXT)")
    writer.close()

    async def story() -> None:
        journal = SqliteJournal(path)
        with pytest.raises(JournalUnusable, match="cannot be used"):
            await journal.heads()
        await journal.close()

    asyncio.run(story())
    reader = sqlite3.connect(path)
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (2 * EVENTS,)
    assert reader.execute("PRAGMA user_version").fetchone() == (1,)
    reader.close()
