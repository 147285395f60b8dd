"""Every question of a run has an id of its own, also where the run is resumed."""

import asyncio

from support.relay import Wallet

from agentproxy.events.cost import ModelAsked
from agentproxy.models.budget import Budget, TokenEstimate
from agentproxy.models.metered import Meter

NEED = TokenEstimate(question=1, most=1, least=1)


def ids(*budgets: Budget, each: int) -> list[str]:
    """The ids of so many calls of two purposes, paid from each budget."""
    wallet = Wallet()

    async def ask() -> None:
        for budget in budgets:
            meter = Meter(record=wallet.record, budget=budget)
            ledgers = (meter.ledger("work"), meter.ledger("judge"))
            for _ in range(each):
                for ledger in ledgers:
                    await ledger.reserve("ollama/llama3", NEED)

    asyncio.run(ask())
    return [fact.call for fact in wallet.facts if isinstance(fact, ModelAsked)]


def test_the_questions_of_a_run_are_counted_whoever_asks() -> None:
    assert ids(Budget(lambda: None, series="1"), each=2) == ["1-1", "1-2", "1-3", "1-4"]


def test_a_run_that_is_resumed_counts_in_a_series_of_its_own() -> None:
    found = ids(Budget(lambda: None, series="1"), Budget(lambda: None, series="2"), each=3)
    assert len(set(found)) == len(found) == 12


def test_without_a_series_one_is_drawn() -> None:
    found = ids(Budget(lambda: None), Budget(lambda: None), each=2)
    assert len(set(found)) == len(found) == 8


def test_many_questions_at_once_have_many_ids() -> None:
    wallet = Wallet()
    ledger = Meter(record=wallet.record, budget=Budget(lambda: None)).ledger("work")

    async def ask() -> None:
        await asyncio.gather(*(ledger.reserve("ollama/llama3", NEED) for _ in range(50)))

    asyncio.run(ask())
    assert len({fact.call for fact in wallet.facts if isinstance(fact, ModelAsked)}) == 50
