"""What a question costs that was not answered whole: what the vendor told, and what was heard."""

import asyncio
import json
from dataclasses import replace

import pytest
from support.answers import Fault
from support.model_server import Reply, model_server
from support.relay import Wallet
from support.wires import ASK, NAMES, model

from agentproxy.events.conversation import Text, Usage, UserMessage
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel, Retry
from agentproxy.models.port import Fragment, ModelUnavailable
from agentproxy.models.prices import Prices

LONG = ("write_file", json.dumps({"text": "word " * 600}))
SHORT = ("bash", json.dumps({"command": "ls"}))


def settled_after(wire: str, reply: Reply) -> tuple[ModelSettled, list[Fragment]]:
    """What one attempt was settled with, which gave no answer."""
    wallet = Wallet()
    shown: list[Fragment] = []
    meter = Meter(record=wallet.record, budget=Budget(wallet.left), retry=Retry(tries=0))

    async def story() -> None:
        with model_server(reply) as server:
            metered = MeteredModel([model(wire, server)], purpose="work", meter=meter)
            try:
                await metered.answer(ASK, show=shown.append)
            finally:
                await metered.close()

    with pytest.raises(ModelUnavailable):
        asyncio.run(asyncio.wait_for(story(), 30))
    (settled,) = wallet.settled
    return settled, shown


@pytest.mark.parametrize("wire", [name for name in NAMES if name != "gemini"])
def test_a_call_that_breaks_off_is_paid_by_what_was_heard_of_it_and_is_not_shown(wire: str) -> None:
    settled, shown = settled_after(wire, Reply(calls=(LONG, LONG), stop="tools", fault="cut"))
    assert settled.estimated
    assert settled.usage.input > 0
    assert 450 <= settled.usage.output <= 2100
    assert settled.usd > 0 or wire == "ollama"
    assert shown == []


@pytest.mark.parametrize("fault", ["two ids", "one index"])
@pytest.mark.parametrize("wire", ["anthropic", "openai chat", "openai responses"])
def test_an_answer_that_we_reject_is_paid_by_what_the_vendor_told(wire: str, fault: Fault) -> None:
    reply = Reply(calls=(SHORT, SHORT), stop="tools", usage=(7000, 5000), fault=fault)
    settled, _ = settled_after(wire, reply)
    told_first = wire == "anthropic" or fault == "two ids"
    assert settled.usage.input == 7000 if told_first else settled.usage.input > 0
    assert settled.usage.output == 5000 if fault == "two ids" else settled.usage.output > 0
    assert settled.usd > 0


def test_what_the_vendor_told_before_an_answer_broke_off_is_paid() -> None:
    reply = Reply(calls=(LONG,), stop="tools", usage=(7000, 5000), fault="error event")
    settled, _ = settled_after("anthropic", reply)
    assert settled.usage.input == 7000
    assert settled.usage.output > 450


def test_what_is_reserved_pays_for_any_script_and_for_putting_it_into_the_cache() -> None:
    characters = 90_000
    wallet = Wallet()
    meter = Meter(record=wallet.record, budget=Budget(wallet.left))
    prompt = replace(ASK, messages=[UserMessage(parts=(Text(text="字" * characters),))])

    async def story() -> None:
        with model_server(Reply(text=("好",))) as server:
            metered = MeteredModel([model("anthropic", server)], purpose="work", meter=meter)
            await metered.answer(prompt, show=lambda _: None)
            await metered.close()

    asyncio.run(asyncio.wait_for(story(), 30))
    asked = next(fact for fact in wallet.facts if isinstance(fact, ModelAsked))
    most = Usage(input=characters, cache_write=characters, output=prompt.max_output)
    assert asked.reserved >= Prices().of("claude-sonnet-4-6", most).usd


def test_words_of_any_script_that_were_heard_are_paid() -> None:
    settled, _ = settled_after("openai chat", Reply(text=("字" * 300,) * 4, fault="cut"))
    assert settled.usage.output >= 600


def test_a_question_that_nobody_took_costs_nothing() -> None:
    settled, _ = settled_after("anthropic", Reply(status=529))
    assert (settled.usd, settled.usage.total) == (0, 0)


@pytest.mark.parametrize("wire", ["anthropic", "openai chat"])
def test_a_whole_answer_without_a_report_of_its_tokens_is_paid_by_an_estimate(wire: str) -> None:
    wallet = Wallet()
    meter = Meter(record=wallet.record, budget=Budget(wallet.left))

    async def story() -> None:
        with model_server(Reply(text=("word " * 600,), usage=(0, 0))) as server:
            metered = MeteredModel([model(wire, server)], purpose="work", meter=meter)
            await metered.answer(ASK, show=lambda _: None)
            await metered.close()

    asyncio.run(asyncio.wait_for(story(), 30))
    (settled,) = wallet.settled
    assert (settled.estimated, settled.error) == (True, "")
    assert settled.usage.input > 0
    assert 450 <= settled.usage.output <= 2100
    assert settled.usd > 0
