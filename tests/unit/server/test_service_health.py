"""How long a look at the service's health counts, and what it says of the journal."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentproxy.app.journal import JournalError
from agentproxy.server.service_health import FRESH_SECONDS, ServiceHealth, journal_problem

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "server.md").read_text()


@dataclass
class Looked:
    """A look with one answer for each time; its clock stands until it is moved."""

    answers: list[str]
    now: float = 100.0
    waits: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self) -> str:
        await self.waits.wait()
        return self.answers.pop(0)

    def clock(self) -> float:
        return self.now


def test_a_look_counts_for_all_who_ask_within_its_time() -> None:
    async def story() -> None:
        looked = Looked(["", "the journal is full", ""])
        health = ServiceHealth([looked.look], looked.clock)
        together = [asyncio.create_task(health.problems()) for _ in range(3)]
        await asyncio.sleep(0)
        looked.waits.set()
        assert await asyncio.gather(*together) == [[], [], []]
        looked.now += FRESH_SECONDS
        assert await health.problems() == []
        looked.now += 0.1
        assert await health.problems() == ["the journal is full"]
        looked.now += FRESH_SECONDS
        assert await health.problems() == ["the journal is full"]
        looked.now += 0.1
        assert await health.problems() == []
        assert looked.answers == []

    asyncio.run(story())
    assert f"looked at every {FRESH_SECONDS:g} seconds" in PAGE


async def works() -> None:
    pass


async def fails() -> None:
    raise JournalError("the disk is full: free some space")


async def hangs() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (works, ""),
        (fails, "the disk is full: free some space"),
        (hangs, "the journal does not answer"),
    ],
)
def test_a_journal_that_fails_or_does_not_answer_is_a_problem(
    check: Callable[[], Awaitable[None]], problem: str
) -> None:
    assert asyncio.run(journal_problem(check, patience=0.05)) == problem
