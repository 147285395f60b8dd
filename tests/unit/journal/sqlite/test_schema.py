"""A file that is no journal of this version is refused, and stays as it was."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from support.journals import ME, RUN, started

from agentproxy.journal.port import JournalUnusable
from agentproxy.journal.sqlite.journal import SqliteJournal

EARLY = """
CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
PRAGMA user_version = {version};
"""


def refused(path: Path) -> str:
    async def story() -> str:
        journal = SqliteJournal(path)
        with pytest.raises(JournalUnusable) as reading:
            await journal.read(RUN)
        with pytest.raises(JournalUnusable) as writing:
            await journal.create(RUN, started(), ME)
        await journal.close()
        assert str(reading.value) == str(writing.value)
        return str(reading.value)

    return asyncio.run(story())


@pytest.mark.parametrize("version", [1, 2])
def test_a_journal_of_an_early_agentproxy_is_refused_with_the_cure(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path)
    connection.executescript(EARLY.format(version=version))
    connection.close()
    before = path.read_bytes()
    said = refused(path)
    assert str(path) in said
    assert "move the file away, or set AGENTPROXY_HOME" in said
    assert path.read_bytes() == before


def test_a_new_file_says_that_it_is_a_journal_of_version_2(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def begin() -> None:
        journal = SqliteJournal(path)
        await journal.create(RUN, started(), ME)
        await journal.close()

    asyncio.run(begin())
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert connection.execute("PRAGMA application_id").fetchone() == (0x70614A31,)
    connection.close()


def test_a_file_of_version_1_is_brought_forward_and_keeps_its_runs(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def begin() -> None:
        journal = SqliteJournal(path)
        await journal.create(RUN, started(), ME)
        await journal.close()

    asyncio.run(begin())
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP INDEX runs_by_face; ALTER TABLE runs DROP COLUMN face; PRAGMA user_version = 1"
    )
    connection.close()

    async def look() -> list[str]:
        journal = SqliteJournal(path)
        heads = await journal.heads()
        await journal.close()
        return [head.first.run for head in heads]

    assert asyncio.run(look()) == [RUN]
