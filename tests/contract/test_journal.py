"""What every journal promises, asked of each in turn."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import cast

import pytest
from support.journals import (
    LIMIT,
    ME,
    RUN,
    SECRET,
    SHE,
    Opened,
    checks,
    play,
    started,
    take,
)

from agentproxy.events.check import BASE, CheckFinished, CheckResult, CheckStarted, claim_tree
from agentproxy.events.commands import Answer, SendMessage, StopRun
from agentproxy.events.cost import ModelAsked
from agentproxy.events.envelope import CommandId, Draft, Fact, RunId
from agentproxy.events.run import DecisionMade
from agentproxy.events.work import WorkerEnded
from agentproxy.journal.memory import MemoryJournal
from agentproxy.journal.port import (
    Fenced,
    Holder,
    Journal,
    JournalError,
    Lease,
    LeaseTaken,
    UnknownRun,
)
from agentproxy.journal.sqlite.journal import SqliteJournal


def test_events_come_back_in_order_and_without_gaps(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("first"), ME)
        assert lease == Lease(RUN, 1, ME)
        told = await journal.append(lease, [started("a"), started("b")])
        told = [*told, *await journal.append(lease, [started("c")])]
        events = await journal.read(RUN)
        assert [event.seq for event in events] == [1, 2, 3, 4]
        assert checks(events) == ["first", "a", "b", "c"]
        assert list(events[1:]) == told
        assert {(e.run, e.actor, e.cause) for e in events} == {(RUN, "supervisor", "effect-1")}
        assert events[0].time > 1.7e9

    play(opened, story)


def test_reading_starts_after_any_event_and_stops_at_a_limit(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("1"), ME)
        await journal.append(lease, [started(str(n)) for n in range(2, 2001)])
        assert checks(await journal.read(RUN)) == [str(n) for n in range(1, 2001)]
        assert checks(await journal.read(RUN, after=1997)) == ["1998", "1999", "2000"]
        assert checks(await journal.read(RUN, after=2, limit=2)) == ["3", "4"]
        assert len(await journal.read(RUN, limit=1500)) == 1500
        assert await journal.read(RUN, limit=0) == []
        assert await journal.read(RUN, after=2000) == []

    play(opened, story)


def test_every_kind_of_value_survives_the_store(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(), ME)
        text = 'quotes " and \\ and \x00\x1b[31m and \u2028 日本 🦀 {}'
        result = CheckResult(exit_code=None, ending="timed_out", seconds=0.1 + 0.2, output=text)
        fact = CheckFinished(check=text, on=claim_tree(1), result=result)
        (told,) = await journal.append(lease, [Draft("agent 1", fact, cause=text)])
        assert told.fact == fact
        assert await journal.read(RUN, after=1) == [told]

    play(opened, story)


def test_an_append_is_all_or_none(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("first"), ME)
        broken = Draft(
            "supervisor", ModelAsked(call="1", model="m", purpose="work", reserved=float("inf"))
        )
        with pytest.raises(JournalError, match="model_asked"):
            await journal.append(lease, [started("good"), broken])
        unlisted = type("Unlisted", (Fact,), {})()
        with pytest.raises(JournalError, match="Unlisted"):
            await journal.append(lease, [started("good"), Draft("supervisor", unlisted)])
        half = Draft("supervisor", CheckStarted(check="\ud800", on=BASE))
        with pytest.raises(JournalError):
            await journal.append(lease, [started("good"), half])
        assert checks(await journal.read(RUN)) == ["first"]
        (event,) = await journal.append(lease, [started("next")])
        assert event.seq == 2

    play(opened, story)


def test_one_append_that_cannot_be_stored_does_not_fail_the_others(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("first"), ME)
        others = [journal.append(lease, [started(str(n))]) for n in range(20)]
        half = Draft("supervisor", CheckStarted(check="\ud800", on=BASE))
        stale = Lease(RUN, 7, SHE)
        outcomes = await asyncio.gather(
            *others[:10],
            journal.append(stale, [started("stale")]),
            journal.append(lease, [half]),
            journal.append(lease, [], taken=[CommandId(99)]),
            *others[10:],
            return_exceptions=True,
        )
        failed = [type(it) for it in outcomes if isinstance(it, BaseException)]
        assert failed == [Fenced, JournalError, JournalError]
        assert sorted(checks(await journal.read(RUN))[1:]) == sorted(map(str, range(20)))

    play(opened, story)


def test_a_fenced_writer_changes_nothing(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        old = await journal.create(RUN, started("first"), ME)
        command = await journal.submit(RUN, StopRun())
        new = await journal.acquire(RUN, SHE, after=1)
        assert new == Lease(RUN, 2, SHE)
        with pytest.raises(Fenced):
            await journal.append(old, [started("late")], taken=[command])
        assert checks(await journal.read(RUN)) == ["first"]
        assert [pending.id for pending in await journal.inbox(RUN)] == [command]
        await journal.append(new, [started("hers")], taken=[command])
        assert checks(await journal.read(RUN)) == ["first", "hers"]
        assert await journal.lease(RUN) == new

    play(opened, story)


def test_a_lease_from_the_future_is_fenced_too(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        await journal.create(RUN, started("first"), ME)
        with pytest.raises(Fenced):
            await journal.append(Lease(RUN, 2, ME), [started("forged")])
        with pytest.raises(LeaseTaken):
            await journal.acquire(RUN, SHE, after=2)
        assert len(await journal.read(RUN)) == 1

    play(opened, story)


def test_of_many_who_acquire_at_once_exactly_one_wins(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        await journal.create(RUN, started(), ME)
        rivals = [Holder(pid=n, started=n, machine="m") for n in range(20)]
        outcomes = await asyncio.gather(
            *(journal.acquire(RUN, rival, after=1) for rival in rivals), return_exceptions=True
        )
        won = [it for it in outcomes if isinstance(it, Lease)]
        assert [lease.generation for lease in won] == [2]
        assert [type(it) for it in outcomes if it is not won[0]] == [LeaseTaken] * 19
        assert await journal.lease(RUN) == won[0]

    play(opened, story)


def test_a_run_begins_once(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        outcomes = await asyncio.gather(
            *(journal.create(RUN, started(str(n)), ME) for n in range(5)), return_exceptions=True
        )
        assert sum(isinstance(it, Lease) for it in outcomes) == 1
        assert sum(isinstance(it, JournalError) for it in outcomes) == 4
        assert len(await journal.read(RUN)) == 1

    play(opened, story)


def test_commands_wait_until_they_are_taken_with_their_event(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(), ME)
        first = await journal.submit(RUN, Answer(text="blue"))
        second = await journal.submit(RUN, SendMessage(text="hurry"))
        waiting = await journal.inbox(RUN)
        assert [(it.id, it.command) for it in waiting] == [
            (first, Answer(text="blue")),
            (second, SendMessage(text="hurry")),
        ]
        await journal.append(lease, [started("answered")], taken=[first])
        assert [it.id for it in await journal.inbox(RUN)] == [second]
        third = await journal.submit(RUN, StopRun())
        assert third > second > first

    play(opened, story)


def test_a_command_cannot_be_taken_twice_nor_by_another_run(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(), ME)
        other = await journal.create(RunId("run-2"), started(), ME)
        command = await journal.submit(RUN, StopRun())
        with pytest.raises(JournalError):
            await journal.append(other, [started("thief")], taken=[command])
        await journal.append(lease, [started("once")], taken=[command])
        with pytest.raises(JournalError):
            await journal.append(lease, [started("twice")], taken=[command])
        assert checks(await journal.read(RUN)) == ["tests", "once"]
        assert len(await journal.read(other.run)) == 1

    play(opened, story)


def test_who_follows_sees_the_past_and_then_the_present(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("1"), ME)
        await journal.append(lease, [started("2"), started("3")])
        async with asyncio.TaskGroup() as group:
            everything = group.create_task(take(journal.follow(RUN), 50))
            rest = group.create_task(take(journal.follow(RUN, after=2), 48))
            future = group.create_task(take(journal.follow(RUN, after=40), 10))
            for n in range(4, 51):
                await journal.append(lease, [started(str(n))])
                await asyncio.sleep(0)
        assert checks(everything.result()) == [str(n) for n in range(1, 51)]
        assert checks(rest.result()) == [str(n) for n in range(3, 51)]
        assert checks(future.result()) == [str(n) for n in range(41, 51)]

    play(opened, story)


def test_arrivals_come_once_each_as_they_arrive(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(), ME)
        gone = await journal.submit(RUN, SendMessage(text="taken before"))
        await journal.append(lease, [started("taken")], taken=[gone])
        await journal.submit(RUN, SendMessage(text="0"))
        async with asyncio.TaskGroup() as group:
            arrived = group.create_task(take(journal.arrivals(RUN), 10))
            for n in range(1, 10):
                await journal.submit(RUN, SendMessage(text=str(n)))
        assert [cast("SendMessage", it.command).text for it in arrived.result()] == list(
            "0123456789"
        )

    play(opened, story)


def test_following_ends_when_the_journal_closes(opened: Opened) -> None:
    async def story() -> list[int]:
        journal = opened()
        await journal.create(RUN, started(), ME)

        async def seqs() -> list[int]:
            return [event.seq async for event in journal.follow(RUN)]

        async def ids() -> list[int]:
            return [pending.id async for pending in journal.arrivals(RUN)]

        async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
            followed, arrived = group.create_task(seqs()), group.create_task(ids())
            await asyncio.sleep(0.1)
            await journal.close()
        return followed.result() + arrived.result()

    assert asyncio.run(story()) == [1]


def test_following_can_be_cancelled(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        await journal.create(RUN, started(), ME)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(take(journal.follow(RUN), 2), 0.1)
        assert len(await journal.read(RUN)) == 1

    play(opened, story)


@pytest.mark.parametrize("name", ["nobody", "", "half \ud800", "null \x00", "x" * 10_000])
def test_an_unknown_run_is_named(opened: Opened, name: str) -> None:
    async def story(journal: Journal) -> None:
        run = RunId(name)
        asked: list[Awaitable[object]] = [
            journal.read(run),
            journal.lease(run),
            journal.inbox(run),
            journal.acquire(run, ME, after=1),
            journal.release(Lease(run, 1, ME)),
            journal.head(run),
            journal.heads(before=run),
            journal.submit(run, StopRun()),
            journal.append(Lease(run, 1, ME), [started()]),
            take(journal.follow(run), 1),
            take(journal.arrivals(run), 1),
        ]
        for question in asked:
            with pytest.raises(UnknownRun):
                await question

    play(opened, story)


def test_a_run_that_is_forgotten_is_gone_and_leaves_the_others(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("kept"), ME)
        other = RunId("other")
        gone = await journal.create(other, started("gone"), ME)
        await journal.append(gone, [started(str(n)) for n in range(600)])
        await journal.submit(other, StopRun())
        stale = Lease(other, gone.generation - 1, ME)
        with pytest.raises(Fenced):
            await journal.forget(stale)
        await journal.forget(gone)
        for asked in (journal.read(other), journal.inbox(other), journal.lease(other)):
            with pytest.raises(UnknownRun):
                await asked
        assert checks(await journal.read(RUN)) == ["kept"]
        await journal.append(lease, [started("more")])
        # Its id is free again, and nothing of the earlier run comes back.
        await journal.create(other, started("new"), ME)
        assert checks(await journal.read(other)) == ["new"]

    play(opened, story)


def test_secrets_are_not_kept(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(f"echo {SECRET}"), ME)
        ended = WorkerEnded(round=1, claims=True, reason="exit", output=f'"{SECRET}"\n')
        (told,) = await journal.append(lease, [Draft("worker 1", ended)])
        await journal.submit(RUN, Answer(text=f"use {SECRET}"))
        assert cast("WorkerEnded", told.fact).output == '"[REDACTED]"\n'
        first, second = await journal.read(RUN)
        assert cast("CheckStarted", first.fact).check == "echo [REDACTED]"
        assert second == told
        (pending,) = await journal.inbox(RUN)
        assert pending.command == Answer(text="use [REDACTED]")
        assert (await journal.heads())[0].last == told

    play(opened, story)


def test_a_redaction_that_would_break_a_record_is_refused(tmp_path: Path) -> None:
    def clumsy(text: str) -> str:
        return text.replace("decision_made", "[REDACTED]")

    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started(), ME)
        fact = DecisionMade(round=1, decision="again", reason="red")
        with pytest.raises(JournalError, match="decision_made"):
            await journal.append(lease, [Draft("supervisor", fact)])
        assert len(await journal.read(RUN)) == 1

    play(lambda: MemoryJournal(redact=clumsy), story)
    play(lambda: SqliteJournal(tmp_path / "journal.db", redact=clumsy), story)
