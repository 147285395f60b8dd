"""Reserves money before a model is asked, and settles the price after the answer."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.events.conversation import Usage
from agentproxy.events.cost import ModelAsked, ModelSettled, Purpose
from agentproxy.events.envelope import Fact
from agentproxy.models.port import BudgetSpent
from agentproxy.models.prices import Price, Prices

BYTES_PER_TOKEN = 3  # most texts have more, so that a reservation is too large, not too small
TOKENS_PER_IMAGE = 1600
ROUNDING_USD = 1e-9  # float sums of the same prices differ by less


def count_bytes(text: str) -> int:
    # Not characters: in some scripts each character is a token, and has three bytes.
    return len(text.encode(errors="replace"))


@dataclass(slots=True)
class Budget:
    """The money of a run. `left` returns the US dollars not spent or reserved; None: no ceiling."""

    left: Callable[[], float | None]
    # A resumed run has a new budget, whose numbers begin at 1 again.
    series: str = field(default_factory=lambda: secrets.token_hex(8))
    # Held from the look at `left` until the reservation is recorded.
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_call(self) -> str:
        return f"{self.series}-{next(self._numbers)}"


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Tokens of a question, and the bounds of its answer."""

    question: int
    most: int
    least: int  # with less money than for this answer, the question is not asked


@dataclass(frozen=True, slots=True)
class Reservation:
    """A question that may be sent. Its answer may have `most` tokens."""

    call: str
    model: str
    most: int
    began: float  # on the monotonic clock


@dataclass(frozen=True, slots=True)
class BudgetLedger:
    """Reserves and settles the price of questions for one purpose.

    `record` finishes though its caller is cancelled, and raises the cancellation only then.
    """

    record: Callable[[Fact], Awaitable[None]]
    budget: Budget
    prices: Prices
    purpose: Purpose

    @property
    def overspent(self) -> bool:
        left = self.budget.left()
        return left is not None and left < -ROUNDING_USD

    async def reserve(self, model: str, need: TokenEstimate, *, attempt: int = 1) -> Reservation:
        """Reserves the largest price of the answer. With little money, the answer is shorter.

        Raises:
            BudgetSpent: the money does not pay for the question and `need.least` tokens.
        """
        async with self.budget.lock:
            await self.load_prices(model)
            most, price = self._affordable(model, need, left=self.budget.left())
            asked = ModelAsked(
                call=self.budget.next_call(),
                model=model,
                purpose=self.purpose,
                attempt=attempt,
                reserved=price,
                shortened=most if most < need.most else 0,
            )
            reservation = Reservation(asked.call, model, most, time.monotonic())
            try:
                await self.record(asked)
            except asyncio.CancelledError:
                # The record is written. Without a settlement its money would stay reserved.
                await self.settle(reservation, Usage(), error="the question was interrupted")
                raise
        return reservation

    async def settle(
        self, reservation: Reservation, usage: Usage, *, error: str = "", estimated: bool = False
    ) -> None:
        """Records the price, even if the caller is cancelled."""
        settling = self._settle(reservation, usage, error=error, estimated=estimated)
        if self.prices.takes_time(reservation.model):
            # A caller that settles because it was cancelled may be cancelled again.
            await finish_though_cancelled(settling)
        else:
            await settling

    async def _settle(
        self, reservation: Reservation, usage: Usage, *, error: str, estimated: bool
    ) -> None:
        model = reservation.model
        await self.load_prices(model)
        price = self.prices.of(model, usage)
        settled = ModelSettled(
            call=reservation.call,
            model=model,
            purpose=self.purpose,
            usage=usage,
            usd=price.usd,
            priced=price.known,
            estimated=estimated,
            seconds=round(time.monotonic() - reservation.began, 3),
            error=error[:500],
        )
        await self.record(settled)

    async def load_prices(self, model: str) -> None:
        """Loads the list of prices, unless this model needs none of it or it is there."""
        if self.prices.takes_time(model):
            await asyncio.to_thread(self.prices.of, model, Usage())

    def _affordable(
        self, model: str, need: TokenEstimate, *, left: float | None
    ) -> tuple[int, float]:
        price = self._price(model, need.question, need.most).usd
        if left is None or price <= left:
            return need.most, price
        free = left - self._price(model, need.question, 0).usd
        thousand = self._price(model, 0, 1000).usd
        most = int(free / thousand * 1000) if free > 0 and thousand > 0 else 0
        if most < need.least:
            raise BudgetSpent(
                f"the budget has ${max(left, 0):.4f} left, and an answer of {model} costs more",
                cure="raise it: pa resume --budget USD",
            )
        return most, self._price(model, need.question, most).usd

    def _price(self, model: str, question: int, answer: int) -> Price:
        # Anthropic bills a quarter more for a question that goes into its cache. We always ask for
        # the cache, so the dearer of both prices is reserved.
        read = Usage(input=question, output=answer)
        cached = read.model_copy(update={"cache_write": question})
        return max((self.prices.of(model, each) for each in (read, cached)), key=_dollars)


def _dollars(price: Price) -> float:
    return price.usd
