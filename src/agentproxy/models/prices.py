"""The price of an answer: from the user's table, else from the offline data of genai-prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

from agentproxy.events.conversation import Usage

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
    try:
        prices = _list()
    except ImportError:
        return Price(0.0, known=False)
    tokens = prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    try:
        found = prices.calc_price(tokens, model_ref=model.removeprefix(prefix), provider_id=vendor)
    except (LookupError, ValueError):
        return Price(0.0, known=False)
    return Price(float(found.total_price))


@cache
def _list() -> ModuleType:
    # The import takes a third of a second. Most processes ask for no price.
    import genai_prices
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()
    return genai_prices
