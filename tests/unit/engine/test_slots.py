"""How many effects of a kind run at once, and which of them run alone."""

import asyncio

import pytest

from agentproxy.engine.slots import Slots

PATIENCE = 5

pytestmark = pytest.mark.anyio


class Floor:
    """Who is on it at this moment, and who has been on it together."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.here: set[str] = set()
        self.met: set[frozenset[str]] = set()
        self.order: list[str] = []

    async def enter(self, name: str, *, alone: bool = False) -> None:
        async with self.slots.hold(alone=alone):
            self.here.add(name)
            self.order.append(name)
            self.met.add(frozenset(self.here))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.here.remove(name)


async def everybody(floor: Floor, names: str) -> None:
    """Capital letters are those who want to be alone."""
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(floor.enter(name, alone=name.isupper()) for name in names))


async def test_no_more_run_at_once_than_there_are_places() -> None:
    floor = Floor(Slots(2))
    await everybody(floor, "abcdef")
    assert max(map(len, floor.met)) == 2


async def test_who_must_be_alone_is_with_nobody() -> None:
    floor = Floor(Slots(3))
    await everybody(floor, "abAcdBCef")
    assert {group for group in floor.met if any(map(str.isupper, group))} == {
        frozenset("A"),
        frozenset("B"),
        frozenset("C"),
    }
    assert max(map(len, floor.met)) > 1


async def test_those_who_come_later_do_not_overtake_who_waits_to_be_alone() -> None:
    floor = Floor(Slots(2))
    await everybody(floor, "abAcdef")
    assert floor.order == list("abAcdef")


async def test_who_gives_up_while_waiting_leaves_its_places_free() -> None:
    floor = Floor(Slots(2))
    inside = asyncio.create_task(floor.enter("a"))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(floor.enter("A", alone=True))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(inside, waiting, return_exceptions=True)
    await everybody(floor, "bcB")
    assert floor.order == list("abcB")
