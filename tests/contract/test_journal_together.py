"""What every journal promises, when many use it at once."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import cast

import pytest
from support.journals import (
    LIMIT,
    ME,
    RUN,
    SHE,
    Opened,
    checks,
    journal_of,
    play,
    started,
    take,
)

from agentproxy.events.commands import SendMessage
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.journal.port import (
    Fenced,
    Journal,
    JournalError,
    JournalUnusable,
    Lease,
)
from agentproxy.journal.sqlite.journal import SqliteJournal


def test_many_runs_are_written_at_once(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        async def live(run: RunId) -> None:
            lease = await journal.create(run, started("0"), ME)
            for n in range(1, 20):
                await journal.append(lease, [started(str(n))])

        runs = [RunId(f"run-{n}") for n in range(50)]
        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(live(run))
        for run in runs:
            events = await journal.read(run)
            assert [event.seq for event in events] == list(range(1, 21))
            assert checks(events) == [str(n) for n in range(20)]

    play(opened, story)


def test_runs_that_are_written_side_by_side_are_read_alone_at_every_length(opened: Opened) -> None:
    """Lengths around those at which a store sorts what lay side by side until then."""

    async def story(journal: Journal) -> None:
        runs = [RunId(f"run-{n}") for n in range(3)]
        leases = [await journal.create(run, started("0"), ME) for run in runs]
        written = 1
        for size in (1, 100, 68, 1, 1, 200, 340, 1, 700):
            texts = [str(n) for n in range(written, written + size)]
            written += size
            for lease in leases:
                await journal.append(lease, [started(text) for text in texts])
            for run in runs:
                events = await journal.read(run)
                assert checks(events) == [str(n) for n in range(written)]
                assert [event.seq for event in events] == list(range(1, written + 1))
                assert await journal.read(run, after=written - 1) == events[-1:]
                middle = written // 2
                assert await journal.read(run, after=middle, limit=2) == events[middle:][:2]
            heads = await journal.heads()
            assert [(head.first.run, head.first.seq, head.last.seq) for head in heads] == [
                (run, 1, written) for run in reversed(runs)
            ]
        lease = await journal.acquire(runs[1], SHE, after=1)
        assert [e.seq for e in await journal.append(lease, [started()])] == [written + 1]

    play(opened, story)


def test_more_who_write_at_once_than_may_wait_are_all_served(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("0"), ME)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(appended(journal, lease, [started(str(n))]))
                for n in range(10_000)
            ]
            await asyncio.sleep(0)
            for task in tasks[5_000:5_100]:
                task.cancel()
        seqs = [task.result()[0].seq for task in tasks if not task.cancelled()]
        assert len(seqs) >= 9_900
        assert set(seqs) <= {event.seq for event in await journal.read(RUN)}
        assert len(set(seqs)) == len(seqs)

    play(opened, story)


def test_a_refusal_is_of_what_is_stored_and_not_of_what_was_undone(tmp_path: Path) -> None:
    """The first of two cannot be stored, so the second is no second."""
    bad = Draft("half a character \ud800", started().fact)

    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(), ME)
        command = await journal.submit(RUN, SendMessage(text="go on"))
        async with asyncio.TaskGroup() as group:
            refused = [
                group.create_task(refusal(journal.create(RunId("new"), bad, ME))),
                group.create_task(refusal(journal.append(lease, [bad], taken=[command]))),
            ]
            created = group.create_task(journal.create(RunId("new"), started(), ME))
            taken = group.create_task(appended(journal, lease, [started()], taken=[command]))
        assert all("stored" in task.result() for task in refused)
        assert created.result().generation == 1
        assert [event.seq for event in taken.result()] == [2]

    play(lambda: SqliteJournal(tmp_path / "journal.db"), story)


async def appended(
    journal: Journal, lease: Lease, drafts: Sequence[Draft], *, taken: Sequence[CommandId] = ()
) -> Sequence[Event]:
    return await journal.append(lease, drafts, taken=taken)


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(JournalError) as raised:
        await call
    return str(raised.value)


def test_what_one_event_loop_left_undone_does_not_hinder_the_next(opened: Opened) -> None:
    journal = opened()

    async def leave() -> Lease:
        lease = await journal.create(RUN, started(), ME)
        tasks = [asyncio.create_task(appended(journal, lease, [started()])) for _ in range(5_000)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        return lease

    async def append_one(lease: Lease) -> int:
        async with asyncio.timeout(LIMIT):
            (event,) = await journal.append(lease, [started()])
            await journal.close()
        return event.seq

    assert asyncio.run(append_one(asyncio.run(leave()))) > 1


def test_closing_finishes_what_was_accepted(opened: Opened) -> None:
    async def story() -> None:
        journal = opened()
        lease = await journal.create(RUN, started(), ME)
        async with asyncio.TaskGroup() as group:
            accepted = [
                group.create_task(appended(journal, lease, [started(str(n))])) for n in range(200)
            ]
            await asyncio.sleep(0)
            await journal.close()
        assert sorted(task.result()[0].seq for task in accepted) == list(range(2, 202))
        await journal.close()
        for call in (appended(journal, lease, [started()]), journal.read(RUN), journal.heads()):
            with pytest.raises(JournalUnusable, match="closed"):
                await call

    asyncio.run(story())


def test_a_journal_that_was_never_used_closes(opened: Opened) -> None:
    async def story() -> bool:
        await opened().close()
        return True

    assert asyncio.run(story())


def test_two_journals_on_one_file_tell_each_other(tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "journal.db"
        async with (
            journal_of(lambda: SqliteJournal(path)) as mine,
            journal_of(lambda: SqliteJournal(path)) as hers,
            asyncio.timeout(LIMIT),
        ):
            lease = await mine.create(RUN, started("0"), ME)
            async with asyncio.TaskGroup() as group:
                seen = group.create_task(take(hers.follow(RUN), 31))
                arrived = group.create_task(take(mine.arrivals(RUN), 5))
                for n in range(1, 31):
                    await mine.append(lease, [started(str(n))])
                    await asyncio.sleep(0.002)
                for n in range(5):
                    await hers.submit(RUN, SendMessage(text=str(n)))
            assert checks(seen.result()) == [str(n) for n in range(31)]
            assert [cast("SendMessage", it.command).text for it in arrived.result()] == list(
                "01234"
            )
            await hers.acquire(RUN, SHE, after=1)
            with pytest.raises(Fenced):
                await mine.append(lease, [started("stale")])

    asyncio.run(story())


OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.journal.port import Holder
from agentproxy.journal.sqlite.journal import SqliteJournal

async def main() -> None:
    journal = SqliteJournal(Path(sys.argv[1]))
    run = RunId(sys.argv[2])
    def draft(n): return Draft("supervisor", CheckStarted(check=str(n), on=BASE))
    lease = await journal.create(run, draft(0), Holder(1, 1, "m"))
    if len(sys.argv) > 3:
        async for pending in journal.arrivals(run):
            await journal.append(lease, [draft(pending.command.text)], taken=[pending.id])
            if pending.command.text == "9":
                break
    else:
        for n in range(1, 20):
            await journal.append(lease, [draft(n)])
    await journal.close()

asyncio.run(main())
"""


def other_process(path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", OTHER_PROCESS, str(path), *arguments])


def test_commands_reach_another_process_and_its_events_come_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def story(journal: Journal) -> list[str]:
        with other_process(path, RUN, "follow") as process:
            try:
                while not await journal.heads():
                    await asyncio.sleep(0.02)
                async with asyncio.TaskGroup() as group:
                    seen = group.create_task(take(journal.follow(RUN, after=1), 10))
                    for n in range(10):
                        await journal.submit(RUN, SendMessage(text=str(n)))
                assert await asyncio.to_thread(process.wait, LIMIT) == 0
            finally:
                process.kill()
        assert await journal.inbox(RUN) == []
        return checks(seen.result())

    assert play(lambda: SqliteJournal(path), story) == list("0123456789")


def test_processes_that_open_a_new_file_at_once_all_write(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal.db"
    names = [f"run-{n}" for n in range(4)]
    processes = [other_process(path, name) for name in names]
    try:
        assert [process.wait(LIMIT) for process in processes] == [0] * len(names)
    finally:
        for process in processes:
            process.kill()

    async def story(journal: Journal) -> list[int]:
        return [len(await journal.read(RunId(name))) for name in names]

    assert play(lambda: SqliteJournal(path), story) == [20] * len(names)
