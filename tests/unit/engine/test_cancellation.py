"""Work that has to end does so, whatever happens to who asked for it."""

import asyncio
import gc
import time

import pytest

from agentproxy.engine.cancellation import (
    Limit,
    all_together,
    beside,
    finish_though_cancelled,
)


@pytest.mark.parametrize("failure", [None, ValueError("the disk is full")])
def test_work_ends_before_the_cancellation_of_its_caller_goes_on(failure: Exception | None) -> None:
    done: list[str] = []

    async def story() -> None:
        free = asyncio.Event()

        async def work() -> None:
            await free.wait()
            done.append("all of it")
            if failure is not None:
                raise failure

        caller = asyncio.create_task(finish_though_cancelled(work()))
        for _ in range(3):
            await asyncio.sleep(0)
            caller.cancel()
        await asyncio.sleep(0)
        assert not caller.done()
        free.set()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await caller
        assert cancelled.value.__cause__ is failure

    asyncio.run(story())
    assert done == ["all of it"]


def test_without_a_cancellation_the_caller_has_the_result_or_the_failure() -> None:
    async def fails() -> None:
        raise ValueError("the disk is full")

    assert asyncio.run(finish_though_cancelled(asyncio.sleep(0, "a result"))) == "a result"
    with pytest.raises(ValueError, match="the disk is full"):
        asyncio.run(finish_though_cancelled(fails()))


def test_works_that_belong_together_are_under_way_at_once_and_give_their_results_in_order() -> None:
    async def story() -> list[str]:
        begun = asyncio.Event()

        async def first() -> str:
            await begun.wait()
            return "first"

        async def second() -> str:
            begun.set()
            return "second"

        return await all_together(first(), second())

    assert asyncio.run(story()) == ["first", "second"]
    nothing: list[str] = asyncio.run(all_together())
    assert nothing == []


async def lasts(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("it")


async def fails() -> None:
    await asyncio.sleep(0)
    raise ValueError("the disk is full")


@pytest.mark.parametrize("cancelled", [True, False])
def test_where_one_of_them_fails_or_their_caller_is_cancelled_the_others_end(
    cancelled: bool,
) -> None:
    ended: list[str] = []

    async def story() -> None:
        works = (lasts(ended), lasts(ended)) if cancelled else (lasts(ended), fails())
        caller = asyncio.create_task(all_together(*works))
        for _ in range(3):
            await asyncio.sleep(0)
        if cancelled:
            caller.cancel()
        with pytest.raises(asyncio.CancelledError if cancelled else ValueError):
            await caller

    asyncio.run(story())
    assert ended == ["it"] * (2 if cancelled else 1)


def test_work_beside_a_context_ends_with_it_and_its_failure_is_met_by_who_awaits_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended: list[str] = []

    async def story() -> None:
        async with beside(lasts(ended)):
            await asyncio.sleep(0)
        assert ended == ["it"]
        async with beside(fails()) as work:
            with pytest.raises(ValueError, match="the disk is full"):
                await work
        async with beside(fails()) as unheard:
            await asyncio.wait({unheard})

    asyncio.run(story())
    gc.collect()
    assert capsys.readouterr() == ("", "")


def test_a_limit_ends_each_wait_that_is_too_long_and_no_other() -> None:
    async def story() -> list[str]:
        limit, ends = Limit(0.05), list[str]()
        for seconds in (0.0, 0.01, 5.0, 0.04, 0.04, 5.0):
            try:
                with limit:
                    await asyncio.sleep(seconds)
            except TimeoutError:
                ends.append("too long")
            else:
                ends.append("in time")
        limit.close()
        return ends

    ends = asyncio.run(asyncio.wait_for(story(), 2))
    assert ends == ["in time", "in time", "too long", "in time", "in time", "too long"]


def test_whoever_is_cancelled_when_the_limit_is_over_stays_cancelled() -> None:
    async def story() -> bool:
        limit = Limit(0.02)

        async def wait() -> None:
            with limit:
                time.sleep(0.04)  # the loop comes to both ends at once
                await asyncio.sleep(5)

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        limit.close()
        return waiting.cancelled()

    assert asyncio.run(story())
