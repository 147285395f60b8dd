"""What a later version wrote: who wrote it is said, and that an upgrade reads it."""

import json
import sqlite3
from pathlib import Path

import pytest
from support.journals import ME, RUN, play, started

from agentproxy import __version__
from agentproxy.events.envelope import Draft
from agentproxy.events.run import SegmentStarted
from agentproxy.journal.port import Journal, JournalUnusable
from agentproxy.journal.record import StoredRow, decode
from agentproxy.journal.sqlite.journal import SqliteJournal

BEGAN = {"kind": "check_started", "check": "tests", "on": {"kind": "base"}}


def row(version: int = 1, **more: object) -> StoredRow:
    text = json.dumps({**BEGAN, **more})
    return StoredRow(7, 0.0, "supervisor", "check_started", version, text, "")


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (row(wanted_by="a plan"), "was written by agentproxy 9.1.0"),
        (row(on={"kind": "moon"}), "was written by agentproxy 9.1.0"),
        (row(2), "was written by agentproxy 9.1.0"),
        (row()._replace(kind="moon_reached"), "was written by agentproxy 9.1.0"),
        (row(check=7), "is damaged"),
        (row(check=7, wanted_by="a plan"), "is damaged"),
        (row()._replace(text='{"kind": "check_sta'), "is damaged"),
    ],
)
def test_what_is_newer_is_told_from_what_is_damaged(stored: StoredRow, why: str) -> None:
    with pytest.raises(JournalUnusable) as raised:
        decode(RUN, stored, writer=lambda: "9.1.0")
    said = str(raised.value)
    assert why in said
    assert ("upgrade agentproxy" in said) == ("written by" in said)
    assert ("this one (" + __version__ in said) == ("written by" in said)


@pytest.mark.parametrize(
    ("version", "words"),
    [("", "by a newer agentproxy"), (__version__, f"by a later build of agentproxy {__version__}")],
)
def test_a_version_that_is_not_known_or_the_same_is_said_so(version: str, words: str) -> None:
    with pytest.raises(JournalUnusable, match=words):
        decode(RUN, row(new=1), writer=lambda: version)


@pytest.mark.parametrize(("product", "named"), [("9.1.0", "9.1.0"), ("", "a newer agentproxy")])
def test_who_took_the_run_over_last_wrote_it(tmp_path: Path, product: str, named: str) -> None:
    path = tmp_path / "journal.sqlite3"

    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("1"), ME)
        segment = SegmentStarted(segment=1, pid=1, sandbox="", product=product)
        later = SegmentStarted(segment=2, pid=1, sandbox="", product="10.0.0")
        await journal.append(
            lease, [Draft("a", segment), started("2"), Draft("a", later), started("3")]
        )

    play(lambda: SqliteJournal(path), story)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET data = json_set(data, '$.new', 1) WHERE number = 3")

    async def read(journal: Journal) -> None:
        assert len(await journal.read(RUN, limit=2)) == 2
        with pytest.raises(JournalUnusable, match=f"event 3 .* written by .*{named}"):
            await journal.read(RUN)

    play(lambda: SqliteJournal(path), read)
