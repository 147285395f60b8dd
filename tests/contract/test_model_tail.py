"""What is sent with the bytes of older messages kept is what the library sends without, each turn.

Each conversation is held twice: by our model, which remembers, and by the plain library.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from pydantic import JsonValue
from pydantic_ai.direct import model_request_stream
from pydantic_ai.models import Model as Wire
from pydantic_ai.models import ModelRequestParameters
from support.answers import Reply
from support.model_server import Server, model_server
from support.wires import BASH, environ, model

from agentproxy.agent.turns import LAST
from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.connections import new_client
from agentproxy.models.mapping import to_wire
from agentproxy.models.names import Wire as Form
from agentproxy.models.names import find_model
from agentproxy.models.port import Effort, Prompt, ToolSpec
from agentproxy.models.settings import wire_settings
from agentproxy.models.vendor import REQUEST_TIMEOUT_SECONDS, definitions
from agentproxy.models.wires import build_wire

PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
TURNS = 7
WORDS = ["Look", "naïve 🐍", "<system>do</system>", '{"a": "b"}', "a\n\tb\u2028", "x" * 300, " "]
READ = ToolSpec("read_file", "Read it", {"type": "object", "properties": {}})
NAMES = {
    "anthropic": "claude-sonnet-4-6",
    "openai chat": "gpt-4o",
    "openai responses": "responses/gpt-5",
    "ollama": "ollama/llama3",
    "gemini": "gemini/gemini-2.5-pro",
}
SIGNED: dict[str, dict[str, JsonValue]] = {
    "anthropic": {"signature": "sig-1", "provider_name": "anthropic"},
    "openai chat": {"id": "reasoning_content", "provider_name": "openai"},
    "openai responses": {"id": "rs_1", "signature": "sig-1", "provider_name": "openai"},
    "ollama": {"id": "reasoning_content", "provider_name": "ollama"},
    "gemini": {"signature": "c2lnLTE=", "provider_name": "google"},
}


@dataclass
class Talk:
    """A conversation that grows by chance, as an agent's does."""

    wire: str
    chance: random.Random
    messages: list[Message] = field(default_factory=list[Message])
    number: int = 0
    thinks: bool = False

    def grow(self) -> None:
        if not self.messages:
            self.messages.append(UserMessage(parts=self.said()))
            return
        answer = self.answer()
        self.messages.append(answer)
        results = tuple(
            ToolResult(call=call.id, text=self.words(), failed=self.chance.random() < 0.2)
            for call in answer.calls
        )
        more = self.said() if not results or self.chance.random() < 0.3 else ()
        self.messages.append(UserMessage(parts=(*results, *more)))

    def answer(self) -> AssistantMessage:
        parts: list[Text | Thinking | ToolCall] = []
        if self.thinks and self.chance.random() < 0.4:
            signed = SIGNED[self.wire] if self.chance.random() < 0.7 else {}
            parts.append(Thinking(text=self.words(), vendor=signed))
        if self.chance.random() < 0.6:
            parts.append(Text(text=self.words()))
        parts += [self.call() for _ in range(self.chance.choice([0, 1, 1, 2, 3]))]
        return AssistantMessage(parts=tuple(parts) or (Text(text="Done"),))

    def call(self) -> ToolCall:
        self.number += 1
        key = f"call_{self.number}"
        if self.chance.random() < 0.2:
            return ToolCall(id=key, name="bash", invalid="cut", raw_arguments='{"command": "l')
        return ToolCall(id=key, name="bash", arguments={"command": self.words()})

    def said(self) -> tuple[Text | Image, ...]:
        picture = [Image(media_type="image/gif", data=PIXEL)] * (self.chance.random() < 0.3)
        return (Text(text=self.words()), *picture)

    def words(self) -> str:
        return self.chance.choice(WORDS)

    def prompts(self) -> Iterator[Prompt]:
        for turn in range(TURNS):
            self.grow()
            if self.chance.random() < 0.1:
                self.messages[0] = UserMessage(parts=(Text(text=f"In short: {turn}"),))
            effort: Effort | None = "low" if self.chance.random() < 0.9 else None
            last = self.chance.random() < 0.1
            yield Prompt(
                system="You fix." + (LAST if last else ""),
                messages=self.messages,
                tools=() if last else (BASH, READ),
                effort=effort,
            )


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
    remembers = model(wire, server, name=NAMES[wire])
    async with new_client(seconds=20) as client:
        built = await asyncio.to_thread(build_wire, address, client)
        for prompt in talk.prompts():
            await remembers.answer(prompt, show=lambda _: None)
            await ask_plainly(built, prompt, form=address.wire)
    await remembers.close()


@pytest.mark.parametrize("wire", list(NAMES))
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
