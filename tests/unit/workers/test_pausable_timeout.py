"""The time that a person takes to decide is none of the agent's."""

import asyncio

import pytest

from agentproxy.workers.pausable_timeout import PausableTimeout


class Hands:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_pauses_are_not_counted_and_several_at_a_time_are_one() -> None:
    now = Hands()

    async def story() -> float:
        limit = PausableTimeout(8, now=now)
        async with limit:
            now.time += 1
            async with limit.paused():
                now.time += 500
                async with limit.paused():
                    now.time += 500
                now.time += 500
            now.time += 2
        return limit.taken

    assert asyncio.run(story()) == 3


def test_nothing_strikes_during_a_pause() -> None:
    async def story() -> bool:
        limit = PausableTimeout(0.05, now=asyncio.get_running_loop().time)
        async with limit, limit.paused():
            await asyncio.sleep(0.15)
        return True

    assert asyncio.run(story())


def test_what_was_left_before_a_pause_is_left_after_it() -> None:
    now = Hands()

    async def story() -> None:
        limit = PausableTimeout(8, now=now)
        async with limit:
            async with limit.paused():
                pass
            now.time += 8
            async with limit.paused():
                pass
            await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(story(), 4))
