"""What a journal acknowledged is there after kill -9, at whatever moment that comes."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import Draft, Event, RunId
from agentproxy.journal.port import Holder
from agentproxy.journal.sqlite.journal import SqliteJournal

# Each writer imports the journal first, which takes its time where others keep the cores busy.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = 20
RUN = RunId("run")
SEED = 20260101

# Three writers, so that some commits hold the appends of several.
CHILD = """
import asyncio, os, sys
from pathlib import Path
from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import Draft, RunId
from agentproxy.journal.port import Holder
from agentproxy.journal.sqlite.journal import SqliteJournal

async def write(journal, lease, name):
    number = 0
    while True:
        number += 1
        names = [f"{os.getpid()}-{name}-{number}-{part}" for part in range(2)]
        drafts = [Draft("supervisor", CheckStarted(check=it, on=BASE)) for it in names]
        events = await journal.append(lease, drafts)
        text = "".join(f"{event.seq} {event.fact.check}\\n" for event in events)
        os.write(1, text.encode())

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    run = RunId("run")
    before = await journal.lease(run)
    lease = await journal.acquire(run, Holder(os.getpid(), 1, "m"), after=before.generation)
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(write(journal, lease, name))

asyncio.run(main())
"""


def draft(check: str) -> Draft:
    return Draft("supervisor", CheckStarted(check=check, on=BASE))


async def begin(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.create(RUN, draft("first"), Holder(1, 1, "m"))
    await journal.close()


async def look_and_go_on(path: Path) -> list[Event]:
    """All events, after one more append by the next owner."""
    journal = SqliteJournal(path)
    lease = await journal.lease(RUN)
    mine = await journal.acquire(RUN, Holder(1, 1, "m"), after=lease.generation)
    await journal.append(mine, [draft("next")])
    events = list(await journal.read(RUN))
    await journal.close()
    return events


def acknowledged_before_a_kill(path: Path, *, after: float) -> dict[int, str]:
    """What a writer printed as acknowledged, killed so many seconds after its first word."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, start_new_session=True
    ) as child:
        assert child.stdout is not None
        limit = threading.Timer(100, os.killpg, (child.pid, signal.SIGKILL))
        limit.start()
        try:
            lines = [child.stdout.readline()]
            time.sleep(after)
            os.killpg(child.pid, signal.SIGKILL)
            lines += child.stdout.readlines()
        finally:
            limit.cancel()
    assert child.returncode == -signal.SIGKILL
    whole = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return {int(seq): check for seq, check in whole}


def test_no_acknowledged_event_is_lost_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    asyncio.run(begin(path))
    chance = random.Random(SEED)
    acknowledged: dict[int, str] = {}
    for _ in range(KILLS):
        told = acknowledged_before_a_kill(path, after=chance.uniform(0, 0.05))
        assert told
        acknowledged |= told
        events = asyncio.run(look_and_go_on(path))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        checks = [event.fact.check for event in events if isinstance(event.fact, CheckStarted)]
        assert {seq: checks[seq - 1] for seq in acknowledged} == acknowledged
        assert checks[-1] == "next"
        # An append is there with both of its events, or not at all; and never twice.
        written = [check for check in checks if "-" in check]
        assert len(set(written)) == len(written)
        halves = [{it.rpartition("-")[0] for it in written if it.endswith(part)} for part in "01"]
        assert halves[0] == halves[1]
