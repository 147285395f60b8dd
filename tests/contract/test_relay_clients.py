"""The vendors' own libraries, pointed at the relay by nothing but the variables that it tells."""

import asyncio

import pytest
from support.model_server import Reply, model_server
from support.relay import NAMES, Standing, running

from agentproxy.events.conversation import Text, UserMessage
from agentproxy.models.names import find_model
from agentproxy.models.port import ModelAnswer, Prompt
from agentproxy.models.vendor import VendorModel

ASK = Prompt(system="You greet.", messages=[UserMessage(parts=(Text(text="Hello"),))])


@pytest.mark.parametrize("form", list(NAMES))
def test_the_vendors_library_is_answered_through_the_relay(form: str) -> None:
    async def ask(place: Standing) -> ModelAnswer:
        variables = place.relay.variables(f"http://127.0.0.1:{place.port}")
        address = find_model(NAMES[form], variables)
        model = VendorModel(NAMES[form], address)
        try:
            return await model.answer(ASK, show=lambda _: None)
        finally:
            await model.close()

    async def story() -> tuple[ModelAnswer, Standing]:
        async with running(server, form) as place:
            return await ask(place), place

    with model_server(Reply(text=("Hello ", "there."), usage=(1000, 200))) as server:
        answer, place = asyncio.run(asyncio.wait_for(story(), 60))
    assert answer.message.text == "Hello there."
    assert [fact.usage for fact in place.settled] == [answer.usage]
