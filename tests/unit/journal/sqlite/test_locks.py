"""Processes that come and go leave the journal of one that stays whole."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import Draft, RunId
from agentproxy.journal.port import Holder
from agentproxy.journal.sqlite.journal import SqliteJournal

RUN = RunId("run")
VISITOR = """
import asyncio, sys
from pathlib import Path
from agentproxy.events.commands import SendMessage
from agentproxy.events.envelope import RunId
from agentproxy.journal.sqlite.journal import SqliteJournal

async def visit():
    journal = SqliteJournal(Path(sys.argv[1]))
    await journal.submit(RunId("run"), SendMessage(text="hello"))
    print(len(await journal.read(RunId("run"))))
    await journal.close()

asyncio.run(visit())
"""


def visit(path: Path) -> int:
    """Another process submits a command and leaves; how many events it saw."""
    done = subprocess.run(
        [sys.executable, "-c", VISITOR, str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def note(text: str) -> Draft:
    return Draft("supervisor", CheckStarted(check=text, on=BASE))


def test_a_process_that_leaves_does_not_take_the_log_away_from_one_that_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.sqlite3"

    async def stay() -> list[int]:
        journal = SqliteJournal(path)
        lease = await journal.create(RUN, note("first"), Holder(os.getpid(), 1, "m"))
        assert len(await journal.read(RUN)) == 1  # a second connection of the same process
        follower = journal.follow(RUN)
        await anext(follower)
        seen: list[int] = []
        for number in range(3):
            seen.append(await asyncio.to_thread(visit, path))
            await journal.append(lease, [note(str(number))])
            assert len(await journal.inbox(RUN)) == number + 1
        seen.append(await asyncio.to_thread(visit, path))
        await journal.close()
        return seen

    assert asyncio.run(stay()) == [1, 2, 3, 4]


def test_the_file_is_for_its_owner_only_also_when_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"

    async def begin() -> None:
        journal = SqliteJournal(path)
        await journal.heads()
        await journal.close()

    asyncio.run(begin())
    path.chmod(0o644)
    asyncio.run(begin())
    assert path.stat().st_mode & 0o777 == 0o600
