"""What every journal promises of runs at a glance, and of letting go of them."""

import asyncio
from dataclasses import replace

import pytest
from support.journals import ME, RUN, SHE, Opened, checks, play, started

from agentproxy.events.envelope import Draft, RunId
from agentproxy.events.requests import CommandIgnored
from agentproxy.events.run import ChatOrder, Order, RunCreated
from agentproxy.journal.port import Fenced, Journal, Lease, LeaseTaken, UnknownRun

TALK = ChatOrder(model="m", workspace="/w")


def test_heads_show_the_newest_runs_first_and_go_on_before_any(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        assert await journal.heads() == []
        for n in range(5):
            lease = await journal.create(RunId(f"run-{n}"), started(f"first {n}"), ME)
            if n != 3:
                await journal.append(lease, [started("middle"), started(f"last {n}")])
        heads = await journal.heads()
        assert [head.first.run for head in heads] == [f"run-{n}" for n in (4, 3, 2, 1, 0)]
        assert checks([head.first for head in heads]) == [f"first {n}" for n in (4, 3, 2, 1, 0)]
        lasts = ["last 4", "first 3", "last 2", "last 1", "last 0"]
        assert checks([head.last for head in heads]) == lasts
        assert [head.last.seq for head in heads] == [3, 1, 3, 3, 3]
        assert await journal.heads(limit=2) == heads[:2]
        assert await journal.heads(limit=2, before=RunId("run-3")) == heads[2:4]
        assert await journal.heads(before=RunId("run-0")) == []
        assert await journal.head(RunId("run-1")) == heads[3]
        with pytest.raises(UnknownRun):
            await journal.heads(before=RunId("nobody"))

    play(opened, story)


def test_heads_are_of_one_face(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        talk = Draft("human", RunCreated(request=TALK, product="t"))
        await journal.create(RUN, started(), ME)
        await journal.create(RunId("talk"), talk, ME)
        assert [head.first.run for head in await journal.heads()] == [RUN]
        talks = await journal.heads(face="conversation")
        assert [head.first.run for head in talks] == ["talk"]

    play(opened, story)


def test_a_head_says_who_owns_the_run(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        first = await journal.create(RUN, started(), ME)
        assert (await journal.head(RUN)).lease == first
        await journal.release(first)
        assert (await journal.head(RUN)).lease == Lease(RUN, 2, None)
        second = await journal.acquire(RUN, replace(SHE, slot=7), after=2)
        (head,) = await journal.heads()
        assert head.lease == second == Lease(RUN, 3, replace(SHE, slot=7))

    play(opened, story)


@pytest.mark.parametrize("ignored", [1, 3, 600])
def test_a_head_passes_over_commands_that_were_ignored(opened: Opened, ignored: int) -> None:
    """600 is more than a store keeps apart before it sorts."""

    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("first"), ME)
        (told,) = await journal.append(lease, [started("stands")])
        nothing = Draft("human", CommandIgnored(command="stop", reason="the run is over"))
        await journal.append(lease, [nothing] * ignored)
        head = await journal.head(RUN)
        assert (head.first.seq, head.last) == (1, told)

    play(opened, story)


def test_heads_of_a_repository_leave_out_those_of_others(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        for n, place in enumerate(("/a", "/b", "/a")):
            request = Order(task="Fix it", repository=place, worker="w")
            fact = RunCreated(request=request, product="1")
            await journal.create(RunId(f"run-{n}"), Draft("human", fact), ME)
        found = await journal.heads(repository="/a")
        assert [head.first.run for head in found] == ["run-2", "run-0"]
        newest = await journal.heads(repository="/a", limit=1, before=RunId("run-2"))
        assert newest == found[1:]
        for nowhere in ("", "/", "half \ud800", "null \x00"):
            assert await journal.heads(repository=nowhere) == []

    play(opened, story)


def test_runs_are_found_by_how_their_ids_begin(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        for name in ("ab", "abc", "abd", "b", "a%"):
            await journal.create(RunId(name), started(), ME)
        assert await journal.named("ab", limit=9) == ["ab", "abc", "abd"]
        assert await journal.named("ab", limit=2) == ["ab", "abc"]
        assert await journal.named("a%", limit=9) == ["a%"]
        assert len(await journal.named("", limit=9)) == 5
        talk = Draft("human", RunCreated(request=TALK, product="t"))
        await journal.create(RunId("aba"), talk, ME)
        assert await journal.named("ab", limit=9) == ["ab", "aba", "abc", "abd"]
        assert await journal.named("ab", limit=2, face="supervised") == ["ab", "abc"]
        assert await journal.named("ab", limit=9, face="conversation") == ["aba"]
        for nothing in ("c", "B", "_", "half \ud800", "null \x00"):
            assert await journal.named(nothing, limit=9) == []

    play(opened, story)


def test_who_has_let_go_of_a_run_is_fenced_and_anybody_may_take_it(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        old = await journal.create(RUN, started("first"), ME)
        await journal.release(old)
        with pytest.raises(Fenced):
            await journal.append(old, [started("late")])
        with pytest.raises(Fenced):
            await journal.release(old)
        with pytest.raises(LeaseTaken):
            await journal.acquire(RUN, ME, after=1)
        released = await journal.lease(RUN)
        assert released == Lease(RUN, 2, None)
        mine = await journal.acquire(RUN, replace(ME, slot=1), after=released.generation)
        await journal.append(mine, [started("again")])
        assert checks(await journal.read(RUN)) == ["first", "again"]

    play(opened, story)


def test_a_release_comes_after_what_was_appended_before_it(opened: Opened) -> None:
    async def story(journal: Journal) -> None:
        lease = await journal.create(RUN, started("first"), ME)
        outcomes = await asyncio.gather(
            *(journal.append(lease, [started(str(n))]) for n in range(20)), journal.release(lease)
        )
        assert len(outcomes) == 21
        assert len(await journal.read(RUN)) == 21

    play(opened, story)
