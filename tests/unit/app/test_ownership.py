"""A run is owned while it is worked on, and by nobody else; what is parked is owned by nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from support.apps import app_of

from agentproxy.app.context import App
from agentproxy.app.holders import StillOwned, new_holder
from agentproxy.app.queries import NoSuchRun, find_run, is_live, list_runs
from agentproxy.app.run_ownership import acquire_run, released_after
from agentproxy.events.envelope import Draft, Fact, RunId
from agentproxy.events.requests import CommandIgnored
from agentproxy.events.run import Order, RunCreated, RunEnded, RunParked, SegmentStarted
from agentproxy.journal.memory import MemoryJournal
from agentproxy.journal.port import Fenced, Holder, JournalUnusable, Lease
from agentproxy.workspace.sandbox.processes import machine_and_boot

T = TypeVar("T")

RUN = RunId("k7f2")
GONE = Holder(pid=4_000_000, started=1, machine=machine_and_boot())
SEGMENT = SegmentStarted(segment=1, pid=1, sandbox="plain")
WAITS = RunParked(why="human", reason="a question waits")
IGNORED = CommandIgnored(command="stop", reason="too late")


def play(tmp_path: Path, story: Callable[[App], Awaitable[T]]) -> T:
    async def inside() -> T:
        return await story(app_of(MemoryJournal(), tmp_path))

    return asyncio.run(inside())


async def begun(app: App, *facts: Fact, run: RunId = RUN, holder: Holder | None = None) -> Lease:
    request = Order(task="Fix it", repository="/r", worker="w")
    created = Draft("human", RunCreated(request=request, product="1"))
    lease = await app.journal.create(run, created, holder or new_holder())
    await app.journal.append(lease, [Draft("supervisor", fact) for fact in facts])
    return lease


async def status(app: App) -> str:
    (row,) = await list_runs(app)
    assert await is_live(app, row.run) == (row.status == "running")
    return row.status


def test_a_parked_run_of_a_living_process_is_not_running_and_can_go_on(tmp_path: Path) -> None:
    async def story(app: App) -> None:
        lease = await begun(app, SEGMENT)
        assert await status(app) == "running"
        async with released_after(app, lease):
            await app.journal.append(lease, [Draft("supervisor", WAITS)])
            assert await status(app) == "waiting"
        assert await status(app) == "waiting"
        again = await acquire_run(app, RUN)
        assert again.holder != lease.holder
        await app.journal.append(again, [Draft("supervisor", SEGMENT)])
        assert await status(app) == "running"
        with pytest.raises(Fenced):
            await app.journal.append(lease, [Draft("supervisor", SEGMENT)])

    play(tmp_path, story)


def test_a_process_does_not_take_a_run_from_itself(tmp_path: Path) -> None:
    async def story(app: App) -> None:
        lease = await begun(app, SEGMENT)
        with pytest.raises(StillOwned):
            await acquire_run(app, RUN)
        await app.journal.append(lease, [Draft("supervisor", SEGMENT)])

    play(tmp_path, story)


def test_a_run_whose_loop_broke_is_cut_off_and_can_be_taken(tmp_path: Path) -> None:
    async def story(app: App) -> None:
        lease = await begun(app, SEGMENT)
        with pytest.raises(RuntimeError):
            async with released_after(app, lease):
                raise RuntimeError("broken")
        assert await status(app) == "cut_off"
        await acquire_run(app, RUN)

    play(tmp_path, story)


def test_a_run_of_a_process_that_is_gone_is_cut_off_and_can_be_taken(tmp_path: Path) -> None:
    async def story(app: App) -> None:
        await begun(app, SEGMENT, holder=GONE)
        assert await status(app) == "cut_off"
        assert (await acquire_run(app, RUN)).generation == 2

    play(tmp_path, story)


class FailingRelease(MemoryJournal):
    """A journal on a disk that is full when runs are let go of."""

    async def release(self, lease: Lease) -> None:
        raise JournalUnusable(f"the disk is full: {lease.run}")


def test_a_run_that_could_not_be_let_go_of_can_be_taken_by_the_same_process(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        app = app_of(FailingRelease(), tmp_path)
        lease = await begun(app, SEGMENT)
        async with released_after(app, lease):
            pass
        assert await acquire_run(app, RUN)
        assert not app.abandoned

    asyncio.run(story())


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (RunEnded(verdict="verified", reason="r"), "verified"),
        (RunEnded(verdict="unverified", reason="r", stopped=True), "stopped"),
        (WAITS, "waiting"),
        (RunParked(why="ceiling", reason="r"), "parked"),
    ],
)
def test_a_command_that_came_too_late_changes_no_status(
    tmp_path: Path, last: Fact, expected: str
) -> None:
    async def story(app: App) -> None:
        await begun(app, SEGMENT, last, IGNORED, IGNORED)
        assert await status(app) == expected

    play(tmp_path, story)


def test_runs_are_listed_in_pages(tmp_path: Path) -> None:
    async def story(app: App) -> None:
        for n in range(60):
            await begun(app, run=RunId(f"r{n:02}"), holder=GONE)
        page = await list_runs(app)
        assert [row.run for row in page] == [f"r{n:02}" for n in range(59, 9, -1)]
        rest = await list_runs(app, before=page[-1].run)
        assert [row.run for row in rest] == [f"r{n:02}" for n in range(9, -1, -1)]

    play(tmp_path, story)


def test_a_run_is_found_by_the_beginning_of_its_number_or_by_its_repository(
    tmp_path: Path,
) -> None:
    async def story(app: App) -> None:
        for name in ("ka", "kab", *(f"m{n}" for n in range(7))):
            await begun(app, run=RunId(name), holder=GONE)
        assert await find_run(app, "ka") == "ka"
        assert await find_run(app, "kab") == "kab"
        assert await find_run(app, "", repository="/r") == "m6"
        for given, said in (
            ("k", "2 run numbers"),
            ("m", "more than 5 run"),
            ("z", "no run number"),
        ):
            with pytest.raises(NoSuchRun, match=said):
                await find_run(app, given)
        with pytest.raises(NoSuchRun, match="no run yet"):
            await find_run(app, "", repository="/elsewhere")

    play(tmp_path, story)
