"""The price of an answer is the one that genai-prices gives, also where it is not asked anew."""

import genai_prices
import pytest

from agentproxy.events.conversation import Usage
from agentproxy.models.prices import Prices

USAGES = (
    Usage(),
    Usage(input=17, output=3),
    Usage(input=9_001, output=777, cache_read=5_000, cache_write=1_234),
    Usage(input=450_000, output=64_000, cache_read=449_999),
    Usage(input=1_000_000, output=1, cache_write=1_000_000),
)


@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("claude-sonnet-4-6", "anthropic"),
        ("claude-haiku-4-5", "anthropic"),
        ("claude-sonnet-4-5", "anthropic"),  # dearer for a long question
        ("gpt-4o-mini", "openai"),
        ("gemini/gemini-2.5-pro", "google"),  # dearer for a long question
        ("deepseek/deepseek-chat", "deepseek"),  # cheaper at night
    ],
)
def test_a_price_is_that_of_the_list(model: str, vendor: str, usage: Usage) -> None:
    tokens = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
    )
    ref = model.rpartition("/")[2]
    listed = genai_prices.calc_price(tokens, model_ref=ref, provider_id=vendor)
    assert Prices().of(model, usage).usd == float(listed.total_price)


def test_counts_that_contradict_each_other_have_no_price() -> None:
    assert not Prices().of("claude-sonnet-4-6", Usage(input=1, cache_read=2)).known
