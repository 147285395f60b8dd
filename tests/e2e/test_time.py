"""The time that workers have: in all rounds together, however they ended."""

import asyncio

import pytest
from support.front_door import Pa
from support.life import Life, of_kind
from support.projects import CHECK, MEND

from agentproxy.events.commands import RaiseCeiling
from agentproxy.events.envelope import RunId
from agentproxy.journal.sqlite.journal import SqliteJournal

pytestmark = pytest.mark.slow


def begin(pa: Pa, script: str, *, seconds: int) -> tuple[Life, str]:
    """A run whose worker has so much time; it is at work when this returns."""
    limit = ("--max-time", f"{seconds}s")
    worker = pa.worker(script)
    life = Life(pa, "-o", "json", *limit, "--worker", worker, "--check", CHECK, "Fix it")
    assert life.sees(of_kind("process_started"))
    return life, str(life.events[0]["run"])


def grant(pa: Pa, run: str, *, seconds: float) -> None:
    """What `pa resume --max-time` leaves for the owner, at once."""

    async def submit() -> None:
        journal = SqliteJournal(pa.home / "journal.sqlite3")
        await journal.submit(RunId(run), RaiseCeiling(max_time=seconds))
        await journal.close()

    asyncio.run(submit())


def test_a_worker_whose_time_is_up_goes_on_where_more_was_granted_meanwhile(pa: Pa) -> None:
    twice = f"if [ -e $HOME/once ]; then {MEND}; else touch $HOME/once; sleep 30; fi"
    life, run = begin(pa, twice, seconds=5)
    grant(pa, run, seconds=300)
    ran = life.end()
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.err
    assert [it["out_of_time"] for it in ran.of_kind("worker_ended")] == [True, False]
