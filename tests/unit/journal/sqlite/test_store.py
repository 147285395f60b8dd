"""The journal's file: its rights, and what is said when it cannot be used."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import Draft, RunId
from agentproxy.journal.port import Holder, JournalUnusable, UnreadableFact
from agentproxy.journal.sqlite.journal import SqliteJournal
from agentproxy.journal.sqlite.store import LOCK_SECONDS, connect

T = TypeVar("T")

RUN = RunId("run-7")
ME = Holder(pid=1, started=1, machine="m")
DRAFT = Draft("supervisor", CheckStarted(check="tests", on=BASE))


def play(
    path: Path, story: Callable[[SqliteJournal], Awaitable[T]], *, patience: float = LOCK_SECONDS
) -> T:
    async def run() -> T:
        journal = SqliteJournal(path, patience=patience)
        try:
            async with asyncio.timeout(20):
                return await story(journal)
        finally:
            await journal.close()

    return asyncio.run(run())


async def write(journal: SqliteJournal) -> int:
    lease = await journal.create(RUN, DRAFT, ME)
    return len(await journal.append(lease, [DRAFT]))


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


async def first_followed(journal: SqliteJournal) -> object:
    async for event in journal.follow(RUN, after=1):
        return event
    return None


def test_folder_and_files_are_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "home" / "journal.db"

    async def story(journal: SqliteJournal) -> set[int]:
        await write(journal)
        await journal.heads()
        return {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert play(path, story) == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_making_a_journal_touches_nothing_until_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "home" / "journal.db"
    SqliteJournal(path)
    assert not path.parent.exists()


def test_many_who_open_a_new_journal_at_once_all_get_it(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def open_it(path: Path) -> None:
        together.wait(timeout=20)
        connect(path).close()

    with ThreadPoolExecutor(together.parties) as threads:
        for attempt in range(40):
            path = tmp_path / f"journal-{attempt}.db"
            list(threads.map(open_it, [path] * together.parties))


def test_a_newer_file_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    play(path, write)
    change(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    stories: list[Callable[[SqliteJournal], Awaitable[object]]] = [write, SqliteJournal.heads]
    for story in stories:
        with pytest.raises(JournalUnusable, match=r"newer.*upgrade agentproxy"):
            play(path, story)
    assert path.read_bytes() == before


def test_a_foreign_database_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    change(path, "CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(JournalUnusable, match="move the file away"):
        play(path, write)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_text("not a database " * 100)
    with pytest.raises(JournalUnusable, match="not a journal: move the file away"):
        play(path, write)


def test_a_file_that_another_process_keeps_locked_is_waited_for_and_then_named(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    play(path, write)

    async def story(journal: SqliteJournal) -> None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalUnusable, match="another process keeps it locked: wait for"):
                await journal.check()
        await journal.check()

    play(path, story, patience=0.05)


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match=str(tmp_path)):
        play(tmp_path, write)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(JournalUnusable, match=str(file)):
        play(file / "journal.db", write)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("kind = 'rain_fell', data = '{\"kind\":\"rain_fell\"}'", "rain_fell.*upgrade"),
        ("version = 2", "check_started.*version 2.*upgrade"),
        ("data = '{\"kind\":'", "check_started.*damaged"),
        ('data = \'{"kind":"check_started","sky":"blue"}\'', "check_started.*damaged"),
    ],
)
def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, damage: str, words: str) -> None:
    path = tmp_path / "journal.db"
    play(path, write)
    change(path, f"UPDATE events SET {damage} WHERE seq = 2")
    readers: list[Callable[[SqliteJournal], Awaitable[object]]] = [
        lambda journal: journal.read(RUN),
        first_followed,
    ]
    for read in readers:
        with pytest.raises(JournalUnusable, match=f"event 2 of run run-7.*{words}"):
            play(path, read)
    assert len(play(path, lambda journal: journal.read(RUN, limit=1))) == 1


def test_a_record_that_cannot_be_read_hides_no_run_at_a_glance(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    play(path, write)
    change(path, "UPDATE events SET kind = 'rain_fell' WHERE seq = 1")
    (head,) = play(path, lambda journal: journal.heads())
    assert isinstance(head.first.fact, UnreadableFact)
    assert "event 1 of run run-7 ('rain_fell'" in head.first.fact.why


def test_whoever_keeps_an_error_does_not_hold_the_journal_at_an_old_state(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    play(path, write)
    change(path, "UPDATE events SET version = 99 WHERE seq = 1")

    async def story(journal: SqliteJournal) -> int:
        kept: list[JournalUnusable] = []
        for _ in range(3):
            with pytest.raises(JournalUnusable) as raised:
                await journal.read(RUN)
            kept.append(raised.value)
        other = await journal.create(RunId("other"), DRAFT, ME)
        await journal.append(other, [DRAFT] * 10)
        found = await journal.read(other.run)
        assert len(kept) == 3
        return len(found)

    assert play(path, story) == 11


def test_a_command_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    play(path, write)
    change(path, 'INSERT INTO inbox (run, time, data) VALUES (1, 1.0, \'{"kind":"dance"}\')')
    with pytest.raises(JournalUnusable, match=r"command 1 of run run-7.*'dance'.*upgrade"):
        play(path, lambda journal: journal.inbox(RUN))


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import Draft, RunId
from agentproxy.journal.port import Holder, JournalUnusable
from agentproxy.journal.sqlite.journal import SqliteJournal
from agentproxy.journal.sqlite.store import connect

def draft(text): return Draft("supervisor", CheckStarted(check=text, on=BASE))

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    lease = await journal.create(RunId("run-7"), draft("x"), Holder(1, 1, "m"))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    written = 1
    try:
        for _ in range(100):
            written += len(await journal.append(lease, [draft("y" * 100_000)] * 2))
    except JournalUnusable as error:
        assert "journal.db cannot be used" in str(error), error
    else:
        raise AssertionError("the disk never filled")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    (event,) = await journal.append(lease, [draft("z")])
    assert event.seq == written + 1, (event.seq, written)
    await journal.close()

asyncio.run(main())
"""


def test_after_a_full_disk_nothing_is_torn_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
    events = play(path, lambda journal: journal.read(RUN))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(events) > 3
