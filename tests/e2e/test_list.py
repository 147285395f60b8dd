"""`pa list` shows the newest runs, and says when there are more."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.front_door import Pa, new_pa

from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import Draft, Fact, RunId
from agentproxy.events.run import ChatOrder, Order, RunCreated, RunParked, SegmentStarted
from agentproxy.journal.port import Holder
from agentproxy.journal.sqlite.journal import SqliteJournal

GONE = Holder(pid=4_000_000, started=1, machine="elsewhere:earlier")


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with three runs in its journal that wait for a human."""
    pa = new_pa(tmp_path / "front", {"answer.txt": "wrong\n"})

    async def fill() -> None:
        journal = SqliteJournal(pa.home / "journal.sqlite3")
        for name in ("aaa", "bbb", "ccc"):
            order = Order(task=f"Task of {name}", repository="/r", worker="w")
            created = Draft("human", RunCreated(request=order, product="1"))
            lease = await journal.create(RunId(name), created, GONE)
            parked = RunParked(why="human", reason="a question waits")
            await journal.append(lease, [Draft("supervisor", parked)])
        await journal.close()

    asyncio.run(fill())
    return pa


def test_the_newest_come_first_and_what_is_left_out_is_said(pa: Pa) -> None:
    listed = pa("list", "--limit", "2")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["ccc", "bbb"]
    assert "waiting" in listed.out
    assert "with pa list --limit 20" in listed.err


def test_what_was_recorded_behind_the_end_of_a_segment_does_not_hide_that_end(pa: Pa) -> None:
    def late(*facts: Fact) -> None:
        async def add() -> None:
            journal = SqliteJournal(pa.home / "journal.sqlite3")
            lease = await journal.lease(RunId("ccc"))
            await journal.append(lease, [Draft("supervisor", fact) for fact in facts])
            await journal.close()

        asyncio.run(add())

    def shown() -> str:
        return str(pa("list", "-o", "json", "--limit", "1").records[0]["status"])

    late(EffectStarted(effect="contract"))
    assert shown() == "waiting"
    late(SegmentStarted(segment=2, pid=1, sandbox="plain"), EffectStarted(effect="contract"))
    assert shown() == "running"


def test_all_of_them_need_no_word_about_more(pa: Pa) -> None:
    listed = pa("list", "-o", "json")
    assert [record["run"] for record in listed.records] == ["ccc", "bbb", "aaa"]
    fields = {"run", "task", "repository", "status", "created", "changed", "problem"}
    assert {field for record in listed.records for field in record} == fields
    assert listed.err == ""


@pytest.mark.parametrize("kind", ["run_created", "run_parked"])
def test_a_run_of_a_later_version_says_so_and_hides_no_other(pa: Pa, kind: str) -> None:
    with closing(sqlite3.connect(pa.home / "journal.sqlite3")) as connection, connection:
        connection.execute(
            "UPDATE events SET data = json_set(data, '$.moons', 2) WHERE number = "
            f"(SELECT number FROM events WHERE kind = '{kind}' ORDER BY number LIMIT 1 OFFSET 1)"
        )
    listed = pa("list")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == ["ccc", "bbb", "aaa"]
    assert ["unreadable" in line for line in listed.out.splitlines()] == [False, True, False]
    assert "bbb cannot be read" in listed.err
    assert "upgrade agentproxy" in listed.err
    records = pa("list", "-o", "json").records
    assert [bool(record["problem"]) for record in records] == [False, True, False]


def test_a_limit_that_is_no_count_is_a_usage_error(pa: Pa) -> None:
    assert pa("list", "--limit", "0").code == 2


def test_the_beginning_of_a_run_number_is_not_that_of_a_conversation(pa: Pa) -> None:
    async def talk() -> None:
        journal = SqliteJournal(pa.home / "journal.sqlite3")
        order = ChatOrder(model="m", workspace="/w")
        for name in ("aaaf00", "bb0000", "e01", "e02"):
            created = Draft("human", RunCreated(request=order, product="1"))
            await journal.create(RunId(name), created, GONE)
        await journal.close()

    asyncio.run(talk())
    for given in ("a", "aaa", "bb"):
        shown = pa("show", given)
        assert (f"Task of {given[0] * 3}" in shown.out, shown.err) == (True, "")
    # Where no run begins so, it is said what does.
    assert "bb0000 is a conversation, not a supervised run" in pa("show", "bb0").err
    assert "2 run numbers begin with 'e': e01, e02" in pa("show", "e").err
