"""A bell wakes all who wait, and those who come while it rings; who gave up is forgotten."""

import asyncio

from agentproxy.engine.bell import Bell


async def _waits(bell: Bell, woken: list[int], number: int) -> None:
    await bell.wait()
    woken.append(number)


def test_a_bell_wakes_all_who_wait_and_who_comes_while_it_is_set() -> None:
    async def story() -> list[int]:
        bell, woken = Bell(), list[int]()
        tasks = [asyncio.create_task(_waits(bell, woken, number)) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        assert woken == []
        bell.set()
        await asyncio.wait(tasks)
        await asyncio.wait_for(_waits(bell, woken, 3), 1)
        return woken

    assert asyncio.run(story()) == [0, 2, 3]


def test_a_cleared_bell_waits_for_the_next_ring() -> None:
    async def story() -> None:
        bell = Bell()
        bell.set()
        assert bell.is_set()
        assert bell.ringing().done()
        bell.clear()
        waiting = [bell.ringing() for _ in range(2)]
        waiting[0].cancel()
        assert not waiting[1].done()
        bell.set()
        assert waiting[1].done()

    asyncio.run(story())
