"""Work that has to end does so, whatever happens to who asked for it."""

import asyncio

import pytest

from agentproxy.engine.cancellation import finish_though_cancelled


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
