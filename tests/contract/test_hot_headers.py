"""Header fields of the user that cannot be sent are refused once, by the name of their variable."""

import asyncio

import pytest
from support.model_server import Reply, model_server
from support.relay import Wallet
from support.wires import ASK, model

from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel
from agentproxy.models.port import ModelRefused

FAULTS = [
    "x-team: secret-Müller",
    "x-team: secret-\x01value",
    "x-team: secret-\rx-other: y",
    "bad name: secret-value",
    "näme: secret-value",
]


def refused(wire: str) -> ModelRefused:
    meter = Meter(record=Wallet().record, budget=Budget(Wallet().left))

    async def story() -> None:
        with model_server(Reply(text=("Hi",))) as server:
            metered = MeteredModel([model(wire, server)], purpose="work", meter=meter)
            try:
                async with asyncio.timeout(5):
                    await metered.answer(ASK, show=lambda _: None)
            finally:
                await metered.close()

    with pytest.raises(ModelRefused) as raised:
        asyncio.run(story())
    return raised.value


@pytest.mark.parametrize("line", FAULTS)
@pytest.mark.parametrize("wire", ["anthropic", "openai chat"])
def test_a_header_that_cannot_be_sent_is_named_and_not_shown(
    wire: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"{wire.split()[0].upper()}_CUSTOM_HEADERS"
    monkeypatch.setenv(variable, f"x-good: yes\n{line}")
    error = refused(wire)
    assert variable in str(error)
    assert "ASCII" in error.cure
    assert "secret" not in f"{error} {error.cure}"


def test_an_organization_that_cannot_be_sent_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "schlüssel")
    assert "OPENAI_ORG_ID" in str(refused("openai chat"))
