"""The money of a run's questions to models: reserved before each is sent, and settled after it."""

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

BYTES_PER_TOKEN = 3  # fewer than there are, so that too much is reserved rather than too little
TOKENS_PER_IMAGE = 1600
ROUNDING_USD = 1e-9  # sums of prices may differ by so much


def count_bytes(text: str) -> int:
    """The bytes of a text: a letter of some scripts is a token, and three bytes."""
    return len(text.encode(errors="replace"))


@dataclass
class Budget:
    """The money of a run. `left` says how many US dollars nobody has spent or reserved; None is
    without a ceiling. One at a time looks into it and reserves.

    Its calls are counted within a `series`, which no other budget of the run may have: one that is
    made anew when the run is resumed would count from the beginning again.
    """

    left: Callable[[], float | None]
    series: str = field(default_factory=lambda: secrets.token_hex(8))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_call(self) -> str:
        """An id that no other call of the run has."""
        return f"{self.series}-{next(self._numbers)}"


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Tokens: what a question takes, what its answer may have at `most`, and the `least` that makes
    it worth asking where the money does not pay for more.
    """

    question: int
    most: int
    least: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """A question that may be sent, and how many tokens its answer may have."""

    asked: ModelAsked
    most: int
    began: float


@dataclass(frozen=True, slots=True)
class BudgetLedger:
    """Reserves and settles what the questions of one purpose cost."""

    record: Callable[[Fact], Awaitable[None]]
    budget: Budget
    prices: Prices
    purpose: Purpose

    @property
    def overspent(self) -> bool:
        """Whether answers have cost more than the ceiling of the run allows."""
        left = self.budget.left()
        return left is not None and left < -ROUNDING_USD

    async def reserve(self, model: str, need: TokenEstimate, *, attempt: int = 1) -> Reservation:
        """Keep back what the answer may cost at most; where little is left, the answer is shorter.

        Raises:
            BudgetSpent: the money left does not pay for the question and the least answer.
        """
        async with self.budget.lock:
            most, price = await asyncio.to_thread(
                self._affordable, model, need, left=self.budget.left()
            )
            asked = ModelAsked(
                call=self.budget.next_call(),
                model=model,
                purpose=self.purpose,
                attempt=attempt,
                reserved=price,
            )
            reservation = Reservation(asked, most, time.monotonic())
            try:
                await finish_though_cancelled(self.record(asked))
            except asyncio.CancelledError:
                await self.settle(reservation, Usage(), error="it was cut off here")
                raise
        return reservation

    async def settle(
        self, reservation: Reservation, usage: Usage, *, error: str = "", estimated: bool = False
    ) -> None:
        """Record what became of it, to the end: who is cancelled may be cancelled twice."""
        await finish_though_cancelled(
            self._settle(reservation, usage, error=error, estimated=estimated)
        )

    async def _settle(
        self, reservation: Reservation, usage: Usage, *, error: str, estimated: bool
    ) -> None:
        asked = reservation.asked
        price = await asyncio.to_thread(self.prices.of, asked.model, usage)
        settled = ModelSettled(
            call=asked.call,
            model=asked.model,
            purpose=asked.purpose,
            usage=usage,
            usd=price.usd,
            priced=price.known,
            estimated=estimated,
            seconds=round(time.monotonic() - reservation.began, 3),
            error=error[:500],
        )
        await self.record(settled)

    def _affordable(
        self, model: str, need: TokenEstimate, *, left: float | None
    ) -> tuple[int, float]:
        """How many tokens the answer may have, and what it costs then. Blocking: the list of prices
        takes a third of a second to load.
        """
        price = self._price(model, need.question, need.most).usd
        if left is None or price <= left:
            return need.most, price
        free = left - self._price(model, need.question, 0).usd
        thousand = self._price(model, 0, 1000).usd
        most = int(free / thousand * 1000) if free > 0 and thousand > 0 else 0
        if most < need.least:
            raise BudgetSpent(
                f"${max(left, 0):.4f} are left, which does not pay for another answer of {model}",
                cure="pa resume --budget USD raises it",
            )
        return most, self._price(model, need.question, most).usd

    def _price(self, model: str, question: int, answer: int) -> Price:
        """The price of both, the question at the dearer of being read and put into a cache."""
        read = Usage(input=question, output=answer)
        cached = read.model_copy(update={"cache_write": question})
        return max((self.prices.of(model, each) for each in (read, cached)), key=_dollars)


def _dollars(price: Price) -> float:
    return price.usd
