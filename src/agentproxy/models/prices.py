"""The price of an answer: from the user's table, else from the offline data of genai-prices."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from agentproxy.events.conversation import Usage

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation, TieredPrices

MILLION = 1_000_000
_FREE = re.compile(r"^(?:ollama/|scripted:)|:free$")
_VENDORS = (
    ("claude-", "anthropic", ""),
    ("responses/", "openai", "responses/"),
    ("gemini/", "google", "gemini/"),
    ("groq/", "groq", "groq/"),
    ("deepseek/", "deepseek", "deepseek/"),
    ("openrouter/", "openrouter", "openrouter/"),
    ("gpt-", "openai", ""),
    ("o", "openai", ""),
)


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars. An unknown price has `usd` 0."""

    usd: float
    known: bool = True


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by the documented names of models."""

    # US dollars for a million tokens in and out, by a name or a prefix that ends in "/".
    own: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    def takes_time(self, model: str) -> bool:
        """Whether the next price of a model takes a third of a second, and not microseconds."""
        return not (self._rates(model) or _FREE.search(model) or _list.cache_info().currsize)

    def of(self, model: str, usage: Usage) -> Price:
        # The user's own table also wins over models that are free.
        rates = self._rates(model)
        if rates is not None:
            return Price((usage.input * rates[0] + usage.output * rates[1]) / MILLION)
        if _FREE.search(model):
            return Price(0.0)
        return _listed(model, usage)

    def _rates(self, model: str) -> tuple[float, float] | None:
        return self.own.get(model) or self.own.get(f"{model.partition('/')[0]}/")


def cost_usd(model: str, input_tokens: int, output_tokens: int) -> float:
    """Returns US dollars, or 0 for a model without a known price."""
    return Prices().of(model, Usage(input=input_tokens, output=output_tokens)).usd


def _listed(model: str, usage: Usage) -> Price:
    vendor, prefix = next(
        ((vendor, cut) for begin, vendor, cut in _VENDORS if model.startswith(begin)), ("", "")
    )
    if not vendor:
        return Price(0.0, known=False)
    ref = model.removeprefix(prefix)
    try:
        # Some prices change at a time of day.
        rates = _rates_of(ref, vendor, int(time.time() // 60))
        if rates is not None and usage.cache_read + usage.cache_write <= usage.input:
            return Price(float(rates.price(usage)))
        return Price(float(_asked(ref, vendor, usage).total_price))
    except (ImportError, LookupError, ValueError):
        return Price(0.0, known=False)


Rate = Callable[[int], Decimal]  # US dollars for a million tokens, by the tokens of the question


@dataclass(frozen=True, slots=True)
class _Rates:
    """The rates of a model that bills nothing but tokens."""

    new: Rate
    output: Rate
    read: Rate
    written: Rate

    def price(self, usage: Usage) -> Decimal:
        size = usage.input
        new = size - usage.cache_read - usage.cache_write
        return (
            self.new(size) * new
            + self.output(size) * usage.output
            + self.read(size) * usage.cache_read
            + self.written(size) * usage.cache_write
        ) / MILLION


@lru_cache(maxsize=64)
def _rates_of(ref: str, vendor: str, minute: int) -> _Rates | None:
    """Returns the rates in a minute, or None where only the library knows the price.

    The library takes a quarter of a millisecond for each price: a tenth of a turn.
    """
    del minute
    listed: dict[str, Decimal | TieredPrices | None]
    listed = vars(_asked(ref, vendor, Usage()).model_price)
    rates = {name: rate for name, rate in listed.items() if rate}
    if "requests_kcount" in rates or not {"input_mtok", "output_mtok"} <= rates.keys():
        return None
    new = _rate(rates["input_mtok"])
    return _Rates(
        new,
        _rate(rates["output_mtok"]),
        # What has no rate of its own is billed as what is new.
        _rate(rates["cache_read_mtok"]) if "cache_read_mtok" in rates else new,
        _rate(rates["cache_write_mtok"]) if "cache_write_mtok" in rates else new,
    )


def _rate(listed: "Decimal | TieredPrices") -> Rate:
    if isinstance(listed, Decimal):
        return lambda _: listed

    def tiered(size: int) -> Decimal:
        above = (tier.price for tier in reversed(listed.tiers) if size > tier.start)
        return next(above, listed.base)

    return tiered


def _asked(ref: str, vendor: str, usage: Usage) -> "PriceCalculation":
    prices = _list()
    tokens = prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    found: PriceCalculation = prices.calc_price(tokens, model_ref=ref, provider_id=vendor)
    return found


@cache
def _list() -> ModuleType:
    # The import takes a third of a second. Most processes ask for no price.
    import genai_prices
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()
    return genai_prices
