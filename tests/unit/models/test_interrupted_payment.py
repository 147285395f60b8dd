"""What a question costs is recorded, however often who asks it is cancelled."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from support.story import Story

from agentproxy.events.conversation import Usage
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.envelope import CommandId, Draft, Event
from agentproxy.models.budget import Budget, BudgetLedger, TokenEstimate
from agentproxy.models.metered import Meter
from agentproxy.models.prices import Price, Prices

MODEL = "ollama/llama3"
NEED = TokenEstimate(question=1, most=1, least=1)


class SlowJournal(Story):
    """Each append waits until it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()
        self.through = asyncio.Semaphore(0)

    async def append(self, drafts: Sequence[Draft], taken: Sequence[CommandId]) -> Sequence[Event]:
        self.waits.set()
        await self.through.acquire()
        self.waits.clear()
        return await super().append(drafts, taken)

    def let_through(self) -> None:
        self.waits.clear()
        self.through.release()

    def ledger(self, prices: Prices) -> BudgetLedger:
        budget = Budget(lambda: None)
        return Meter(record=self.recorder.record, budget=budget, prices=prices).ledger("work")


class SlowPrices(Prices):
    """The list of prices is never there yet, and is read when it may be."""

    may_load = threading.Event()

    def takes_time(self, model: str) -> bool:
        del model
        return True

    def of(self, model: str, usage: Usage) -> Price:
        assert self.may_load.wait(10)
        return super().of(model, usage)


@pytest.fixture(autouse=True)
def may_load() -> threading.Event:
    SlowPrices.may_load.set()
    return SlowPrices.may_load


async def some_steps() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


async def cancel_twice(task: "asyncio.Task[object]") -> None:
    for _ in range(2):
        task.cancel()
        await some_steps()


async def cancel_in_append(journal: SlowJournal, task: "asyncio.Task[object]") -> None:
    await journal.waits.wait()
    await cancel_twice(task)
    assert not task.done()
    journal.let_through()


@pytest.mark.parametrize("prices", [Prices(), SlowPrices()], ids=["known", "to load"])
def test_a_settlement_is_recorded_however_often_its_caller_is_cancelled(prices: Prices) -> None:
    async def play() -> None:
        journal = SlowJournal()
        ledger = journal.ledger(prices)
        journal.let_through()
        reservation = await ledger.reserve(MODEL, NEED)
        settling = asyncio.create_task(ledger.settle(reservation, Usage(input=1)))
        await cancel_in_append(journal, settling)
        with pytest.raises(asyncio.CancelledError):
            await settling
        assert [type(fact) for fact in journal.facts] == [ModelAsked, ModelSettled]

    asyncio.run(asyncio.wait_for(play(), 20))


@pytest.mark.parametrize("prices", [Prices(), SlowPrices()], ids=["known", "to load"])
def test_a_reservation_whose_caller_is_cancelled_again_and_again_is_settled(prices: Prices) -> None:
    async def play() -> None:
        journal = SlowJournal()
        reserving = asyncio.create_task(journal.ledger(prices).reserve(MODEL, NEED))
        await cancel_in_append(journal, reserving)
        await cancel_in_append(journal, reserving)
        with pytest.raises(asyncio.CancelledError):
            await reserving
        asked, settled = journal.facts
        assert isinstance(asked, ModelAsked)
        assert isinstance(settled, ModelSettled)
        assert (settled.call, settled.error) == (asked.call, "the question was interrupted")

    asyncio.run(asyncio.wait_for(play(), 20))


def test_a_settlement_whose_caller_is_cancelled_while_the_prices_load_is_recorded(
    may_load: threading.Event,
) -> None:
    async def play() -> None:
        journal = SlowJournal()
        ledger = journal.ledger(SlowPrices())
        journal.let_through()
        reservation = await ledger.reserve(MODEL, NEED)
        may_load.clear()
        settling = asyncio.create_task(ledger.settle(reservation, Usage(input=1)))
        await some_steps()
        await cancel_twice(settling)
        may_load.set()
        journal.let_through()
        with pytest.raises(asyncio.CancelledError):
            await settling
        assert [type(fact) for fact in journal.facts] == [ModelAsked, ModelSettled]

    asyncio.run(asyncio.wait_for(play(), 20))
