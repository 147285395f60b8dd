"""The money of the requests that a worker sends through the relay: reserved first, then settled."""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from dataclasses import dataclass

from agentproxy.events.conversation import Usage
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.models.metered import CHARACTERS_A_TOKEN, Meter
from agentproxy.models.port import BudgetSpent
from agentproxy.models.relay_wires import Passing


async def _through(work: Awaitable[None]) -> None:
    """Await it to its end although the caller is cancelled; the cancellation goes on after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


@dataclass(frozen=True, slots=True)
class Bill:
    """One request of the worker's, and what it is expected to take of tokens."""

    asked: ModelAsked
    expected: int
    began: float


class Till:
    """Reserves and settles for one model."""

    def __init__(self, name: str, meter: Meter) -> None:
        self._name = name
        self._meter = meter

    async def reserve(self, passing: Passing) -> Bill:
        """Keep back what the answer may cost at most.

        Raises:
            BudgetSpent: the money left does not pay for it.
        """
        expected = len(passing.body) // CHARACTERS_A_TOKEN
        price = await self._price(Usage(input=expected, output=passing.most))
        async with self._meter.purse.lock:
            left = self._meter.purse.left()
            if left is not None and price > left:
                raise BudgetSpent(
                    f"the money of this run is spent: ${max(left, 0):.4f} are left, and this "
                    f"question may cost ${price:.4f}; asking again does not help"
                )
            asked = ModelAsked(
                call=secrets.token_hex(4), model=self._name, purpose="work", reserved=price
            )
            bill = Bill(asked, expected, time.monotonic())
            try:
                await _through(self._meter.record(asked))
            except asyncio.CancelledError:
                await self.settle(bill, Usage(), error="it was cut off here")
                raise
        return bill

    async def settle(
        self, bill: Bill, usage: Usage, *, error: str = "", estimated: bool = False
    ) -> None:
        """Record what became of it, to the end: a worker that dies cancels twice."""
        await _through(self._settle(bill, usage, error=error, estimated=estimated))

    async def _settle(self, bill: Bill, usage: Usage, *, error: str, estimated: bool) -> None:
        price = await asyncio.to_thread(self._meter.prices.of, self._name, usage)
        settled = ModelSettled(
            call=bill.asked.call,
            model=self._name,
            purpose="work",
            usage=usage,
            usd=price.usd,
            priced=price.known,
            estimated=estimated,
            seconds=round(time.monotonic() - bill.began, 3),
            error=error[:500],
        )
        await self._meter.record(settled)

    async def _price(self, usage: Usage) -> float:
        return (await asyncio.to_thread(self._meter.prices.of, self._name, usage)).usd
