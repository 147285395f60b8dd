"""Asks a hot wire's model and pydantic-ai's with the same bytes as the vendor's answer."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pydantic_ai.models import Model as Wire
from support.wires import ASK

from agentproxy.events.conversation import Usage
from agentproxy.models.hot_wires.model import HotModel
from agentproxy.models.names import ModelAddress, find_model
from agentproxy.models.pace import Pace
from agentproxy.models.port import Fragment, Model, ModelAnswer, ModelError, Prompt
from agentproxy.models.vendor import VendorModel
from agentproxy.models.wire_pool import WirePool
from agentproxy.models.wires import build_wire

KEY = "sk-of-the-tests"
KEYS = {
    f"{vendor}_API_KEY": KEY for vendor in ("ANTHROPIC", "OPENAI", "GROQ", "DEEPSEEK", "RUNPOD")
}
ENVIRON = {**KEYS, "RUNPOD_BASE_URL": "https://pod.example/v1"}
Body = dict[str, Any]


@dataclass
class Vendor:
    """Answers each question with the next of some answers, and keeps what it was asked."""

    answers: list[httpx2.Response]
    requests: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def bodies(self) -> list[Body]:
        return [json.loads(request.content) for request in self.requests]


class Pieces(httpx2.AsyncByteStream):
    """A body that comes in these pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


@dataclass(frozen=True)
class Outcome:
    """What came of a question: an answer or an error, and what was shown."""

    answer: ModelAnswer | None
    error: type[ModelError] | None
    status: int | None
    after: float | None
    usage: Usage
    shown: list[Fragment]


class OneWire(WirePool):
    """A pool whose wires all lead to one client."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        super().__init__(seconds=20)
        self._to = client

    def wire(self, address: ModelAddress) -> Wire:
        return build_wire(address, self._to)


def stream(*pieces: bytes) -> httpx2.Response:
    """A streamed answer of the vendor."""
    kind = {"content-type": "text/event-stream"}
    return httpx2.Response(200, headers=kind, stream=Pieces(pieces))


def refusal(status: int, body: object, **headers: str) -> httpx2.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=fields, content=json.dumps(body).encode())


def client_of(vendor: Vendor) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(vendor))


def hot(name: str, client: httpx2.AsyncClient, pace: Pace | None = None) -> Model:
    return HotModel(name, find_model(name, ENVIRON), shared=client, pace=pace)


def library(name: str, client: httpx2.AsyncClient) -> Model:
    return VendorModel(name, find_model(name, ENVIRON), pool=OneWire(client))


async def outcome(model: Model, prompt: Prompt = ASK) -> Outcome:
    """Asks once. The words of calls are counted only, so they are left out."""
    shown: list[Fragment] = []
    answer, error = None, None
    try:
        answer = await model.answer(prompt, show=shown.append)
    except ModelError as raised:
        error = raised
    kept = [each for each in shown if each.kind != "call"]
    usage = answer.usage if answer else error.usage if error else Usage()
    if error is None:
        return Outcome(answer, None, None, None, usage, kept)
    return Outcome(None, type(error), error.status, error.after, usage, kept)


async def both(name: str, answer: bytes | httpx2.Response, prompt: Prompt = ASK) -> list[Outcome]:
    """What our model and the library's make of an answer."""
    found: list[Outcome] = []
    for build in (hot, library):
        given = stream(answer) if isinstance(answer, bytes) else answer
        async with client_of(Vendor([given])) as client:
            found.append(await outcome(build(name, client), prompt))
    return found
