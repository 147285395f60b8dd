"""What is sent with the bytes of older messages kept is what the library sends without, each turn.

Each conversation is held twice: by our model, which remembers, and by the plain library.
"""

import asyncio
import random

import pytest
from pydantic_ai.direct import model_request_stream
from pydantic_ai.models import Model as Wire
from pydantic_ai.models import ModelRequestParameters
from support.answers import Reply
from support.model_server import Server, model_server
from support.talks import NAMES, TURNS, Talk
from support.wires import by_library, environ

from agentproxy.models.connections import new_client
from agentproxy.models.mapping import to_wire
from agentproxy.models.names import Wire as Form
from agentproxy.models.names import find_model
from agentproxy.models.port import Prompt
from agentproxy.models.settings import wire_settings
from agentproxy.models.vendor import REQUEST_TIMEOUT_SECONDS, definitions
from agentproxy.models.wires import build_wire


async def ask_plainly(built: Wire, prompt: Prompt, *, form: Form) -> None:
    """As the model does, but with nothing remembered and all encoded by the vendor's library."""
    async with model_request_stream(
        built,
        to_wire(prompt.messages, system=prompt.system),
        model_settings=wire_settings(built, prompt, form=form, seconds=REQUEST_TIMEOUT_SECONDS),
        model_request_parameters=ModelRequestParameters(function_tools=definitions(prompt)),
    ) as stream:
        async for _ in stream:
            pass


async def hold(wire: str, server: Server, talk: Talk) -> None:
    """Ask each prompt in both ways; the server notes what is sent."""
    address = find_model(NAMES[wire], environ(server))
    remembers = by_library(wire, server, name=NAMES[wire])
    async with new_client(seconds=20) as client:
        built = await asyncio.to_thread(build_wire, address, client)
        for prompt in talk.prompts():
            await remembers.answer(prompt, show=lambda _: None)
            await ask_plainly(built, prompt, form=address.wire)
    await remembers.close()


@pytest.mark.parametrize("wire", [name for name in NAMES if name != "anthropic"])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_sent_is_the_same_with_and_without_a_memory(wire: str, seed: int) -> None:
    with model_server(Reply(text=("ok",)), repeat=True) as server:
        asyncio.run(hold(wire, server, Talk(wire, random.Random(seed), thinks=seed % 2 == 0)))
    sent = [
        (path, {**headers, "Content-Length": ""}, body)
        for path, headers, body in zip(server.paths, server.headers, server.asked, strict=True)
    ]
    assert len(sent) == 2 * TURNS
    assert sent[::2] == sent[1::2]
