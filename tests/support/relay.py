"""A relay that stands on plain loopback, between a worker and a vendor's scripted server."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.model_server import Reply, Server, model_server

from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.envelope import Fact
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter
from agentproxy.models.names import find_model
from agentproxy.models.relay.request_body import MAX_PARTS
from agentproxy.models.relay.server import Relay
from agentproxy.models.relay.upstream import RelayTarget
from agentproxy.net.request import Bounds

KEY = "sk-the-real-key-000"
NAMES = {
    "messages": "claude-sonnet-4-6",
    "chat": "gpt-4o",
    "responses": "responses/gpt-4o",
    "gemini": "gemini/gemini-2.5-pro",
    "ollama": "ollama/llama3",
}
# How each wire says that something is refused for good, and that no money is left.
REFUSED = {"messages": 403, "chat": 400, "responses": 400, "gemini": 403, "ollama": 400}
NO_MONEY = {"messages": 402, "chat": 400, "responses": 400, "gemini": 402, "ollama": 400}
HELLO = Reply(text=("Hello ", "there."), usage=(1000, 200))
Body = dict[str, Any]


@dataclass
class Standing:
    """A relay that stands, and the worker's side of it."""

    relay: Relay
    port: int
    facts: list[Fact]

    @property
    def token(self) -> str:
        variables = self.relay.variables(f"http://127.0.0.1:{self.port}")
        return next(value for name, value in variables.items() if name.endswith("_API_KEY"))

    @property
    def settled(self) -> list[ModelSettled]:
        return [fact for fact in self.facts if isinstance(fact, ModelSettled)]

    def request(self, path: str, body: Body | None, *fields: str) -> bytes:
        """A plain request that ends its connection, with the key that the worker was given."""
        content = b"" if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "POST"
        lines = [
            f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self.token}",
            f"Content-Length: {len(content)}", *fields, "Connection: close", "", "",
        ]  # fmt: skip
        return "\r\n".join(lines).encode() + content

    async def say(self, raw: bytes) -> bytes:
        """Everything that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(raw)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    async def ask(self, path: str, body: Body | None, *fields: str) -> tuple[int, bytes, bytes]:
        """Status, head and body of an answer."""
        return parsed(await self.say(self.request(path, body, *fields)))


@dataclass
class Wallet:
    """Money that goes as it is settled; what is reserved meanwhile counts too."""

    dollars: float | None = None
    facts: list[Fact] = field(default_factory=list[Fact])

    def left(self) -> float | None:
        if self.dollars is None:
            return None
        settled = {fact.call: fact.usd for fact in self.facts if isinstance(fact, ModelSettled)}
        asked = {fact.call: fact.reserved for fact in self.facts if isinstance(fact, ModelAsked)}
        return self.dollars - sum({**asked, **settled}.values())

    @property
    def settled(self) -> list[ModelSettled]:
        """What has been paid."""
        return [fact for fact in self.facts if isinstance(fact, ModelSettled)]

    async def record(self, fact: Fact) -> None:
        self.facts.append(fact)


def keys_for(server: Server, *, key: str = KEY) -> dict[str, str]:
    """The user's own variables; the supervisor thinks with nothing."""
    return {
        "AGENTPROXY_JUDGE": "none",
        "ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": key, "OPENAI_BASE_URL": f"{server.url}/v1",
        "GEMINI_API_KEY": key, "GEMINI_BASE_URL": server.url,
        "OLLAMA_API_KEY": key, "OLLAMA_BASE_URL": f"{server.url}/v1",
    }  # fmt: skip


def relayed(
    name: str, server: Server, *, key: str = KEY, also: Mapping[str, str] | None = None
) -> RelayTarget:
    """The grant of a model that this server plays, and of others that answer for other names."""
    others = {asked: relayed(other, server, key=key) for asked, other in (also or {}).items()}
    return RelayTarget(name, find_model(name, keys_for(server, key=key)), others)


@contextlib.asynccontextmanager
async def running(
    server: Server,
    form: str,
    *,
    key: str = KEY,
    dollars: float | None = None,
    bounds: Bounds | None = None,
    parts: int = MAX_PARTS,
    also: Mapping[str, str] | None = None,
) -> AsyncGenerator[Standing]:
    wallet = Wallet(dollars)
    to = relayed(NAMES[form], server, key=key, also=also)
    meter = Meter(record=wallet.record, budget=Budget(wallet.left))
    relay = Relay(to, meter=meter, bounds=bounds, parts=parts)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(relay.serve(listener))
            yield Standing(relay, int(listener.getsockname()[1]), wallet.facts)
            serving.cancel()


def parsed(answer: bytes) -> tuple[int, bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(pieces(body))
    return int(head.split(b" ")[1]), head, body


def pieces(body: bytes) -> list[bytes]:
    found: list[bytes] = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        found.append(rest[: int(size, 16)])
        body = rest[int(size, 16) + 2 :]
    assert found[-1] == b"", "the last chunk is missing"
    return found


def question(form: str, *, stream: bool = False, **more: object) -> tuple[str, Body]:
    """The path and body of a question."""
    said = {"role": "user", "content": "Hello"}
    if form == "gemini":
        call = "streamGenerateContent?alt=sse" if stream else "generateContent"
        body: Body = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], **more}
        return f"/v1beta/models/gemini-2.5-pro:{call}", body
    asks = {"stream": True} if stream else {}
    if form == "messages":
        return "/v1/messages", {
            "model": "claude-sonnet-4-6", "max_tokens": 100, "messages": [said], **asks, **more,
        }  # fmt: skip
    if form == "responses":
        return "/v1/responses", {"model": "gpt-4o", "input": "Hello", **asks, **more}
    model = "llama3" if form == "ollama" else "gpt-4o"
    return "/v1/chat/completions", {"model": model, "messages": [said], **asks, **more}


def play(
    scenario: Callable[[Standing], Coroutine[None, None, None]],
    *replies: Reply,
    form: str = "chat",
    key: str = KEY,
    dollars: float | None = None,
    bounds: Bounds | None = None,
    parts: int = MAX_PARTS,
    also: Mapping[str, str] | None = None,
) -> tuple[Server, Standing]:
    """One story with a relay and the vendor's server behind it; a single reply, HELLO where none
    is given, is given as often as it is asked for.
    """

    async def story(server: Server) -> Standing:
        async with running(
            server, form, key=key, dollars=dollars, bounds=bounds, parts=parts, also=also
        ) as place:
            await scenario(place)
        return place

    with model_server(*(replies or (HELLO,)), repeat=len(replies) < 2) as server:
        place = asyncio.run(asyncio.wait_for(story(server), 30))
        return server, place
