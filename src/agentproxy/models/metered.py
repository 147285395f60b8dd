"""The one wrapper around a model: reserves money, retries, falls back, records every attempt.

The backoff is the smaller of (base times 2 to the attempt, plus a random second) and the maximum.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agentproxy.events.conversation import AssistantMessage, Image, Message, Usage
from agentproxy.events.cost import ModelAsked, ModelSettled, Purpose
from agentproxy.events.envelope import Fact
from agentproxy.models.cleaning import Cleaned, Redact
from agentproxy.models.parameters import Parameters, layered
from agentproxy.models.port import (
    Answer,
    BudgetSpent,
    Effort,
    Fragment,
    Model,
    ModelUnavailable,
    Prompt,
    Show,
)
from agentproxy.models.prices import Prices

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")
LEAST_OUTPUT = 1024  # tokens; an answer that may not even be so long is not worth its question
CHARACTERS_A_TOKEN = 3
TOKENS_AN_IMAGE = 1600
LONGEST_WAIT = 300.0  # seconds; who asks for more is unavailable
OVERLOADED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long a failed question is asked again; `statuses` are those of HTTP for
    which it is, a lost connection is always one. `restart`: also after a part had been heard.
    """

    tries: int = 3
    base: float = 1.0
    maximum: float = 30.0
    statuses: frozenset[int] = OVERLOADED
    restart: bool = True

    def again(self, error: ModelUnavailable, *, heard: bool) -> bool:
        """Whether such a failure is worth another try."""
        if heard and not self.restart:
            return False
        return error.status is None or error.status in self.statuses

    def pause(self, attempt: int, error: ModelUnavailable) -> float:
        """Seconds until the next try: what the vendor asks for, if that is longer than ours."""
        ours = min(self.base * 2**attempt + random.random(), self.maximum)
        return max(ours, min(error.after or 0.0, LONGEST_WAIT))


@dataclass
class Purse:
    """The money of a run. `left` says how many US dollars nobody has spent or reserved; None is
    without a ceiling. One at a time looks into it and reserves.
    """

    left: Callable[[], float | None]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Meter:
    """What a question is recorded, paid and priced with. `of_models` and `of_agents` are parameters
    by model or vendor, and by who asks ("builtin", "supervisor"). `redact` is applied to every text
    that goes out.
    """

    record: Callable[[Fact], Awaitable[None]]
    purse: Purse
    prices: Prices = field(default_factory=Prices)
    retry: Retry = field(default_factory=Retry)
    of_models: Mapping[str, Parameters] = field(default_factory=dict[str, Parameters])
    of_agents: Mapping[str, Parameters] = field(default_factory=dict[str, Parameters])
    redact: Redact = str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class MeteredModel:
    """A `Model` of several: the first answers, and the next where all its tries have failed."""

    def __init__(self, models: Sequence[Model], *, purpose: Purpose, meter: Meter) -> None:
        self._models = tuple(models)
        self._purpose: Purpose = purpose
        self._meter = meter
        self._input = 0
        self._clean = Cleaned(meter.redact)

    @property
    def name(self) -> str:
        """The name of the first."""
        return self._models[0].name

    async def answer(self, prompt: Prompt, *, show: Show) -> Answer:
        """One answer, from whichever model gives one.

        Raises:
            BudgetSpent: the money left does not pay for the question and a short answer.
            ModelUnavailable, ModelRefused: no model answered, after all tries.
        """
        prompt = self._clean(prompt)
        attempt = 0
        for place, model in enumerate(self._models):
            for number in range(1 + self._meter.retry.tries):
                attempt += 1
                try:
                    return await self._once(model, prompt, attempt=attempt, show=show)
                except _Failed as failed:
                    error = failed.error
                    if not self._meter.retry.again(error, heard=failed.heard):
                        raise error from failed
                    if number < self._meter.retry.tries:
                        await self._meter.sleep(self._meter.retry.pause(number, error))
                    elif place == len(self._models) - 1:
                        raise error from failed
        raise ModelUnavailable("there is no model to ask")

    async def close(self) -> None:
        """Let go of what is open."""
        for model in self._models:
            await model.close()

    async def _once(self, model: Model, prompt: Prompt, *, attempt: int, show: Show) -> Answer:
        prompt = self._with_parameters(model, prompt)
        expected = self._expected(prompt)
        asked, prompt = await self._reserve(model, prompt, expected, attempt=attempt)
        heard: list[int] = []

        def listen(fragment: Fragment) -> None:
            heard.append(len(fragment.text))
            show(fragment)

        began = time.monotonic()
        try:
            answer = await model.answer(prompt, show=listen)
        except BaseException as error:
            # What was heard was paid for, and so was the question, once anything was heard.
            said = Usage(input=expected, output=sum(heard) // CHARACTERS_A_TOKEN)
            used = said if heard or isinstance(error, asyncio.CancelledError) else Usage()
            why = str(error) or type(error).__name__
            await self._settle(asked, used, began=began, error=why, estimated=True)
            if isinstance(error, ModelUnavailable):
                raise _Failed(error, heard=bool(heard)) from error
            raise
        self._input = answer.usage.input + answer.usage.output
        await self._settle(asked, answer.usage, began=began)
        return answer

    async def _reserve(
        self, model: Model, prompt: Prompt, expected: int, *, attempt: int
    ) -> tuple[ModelAsked, Prompt]:
        """Keep back what the answer may cost at most; a short purse makes for a shorter answer."""
        async with self._meter.purse.lock:
            left = self._meter.purse.left()
            most = prompt.max_output
            price = await asyncio.to_thread(self._price, model.name, expected, most)
            if left is not None and price > left:
                most = await asyncio.to_thread(self._affordable, model.name, expected, left)
                if most < min(LEAST_OUTPUT, prompt.max_output):
                    raise BudgetSpent(
                        f"${max(left, 0):.4f} are left, which does not pay for another answer of "
                        f"{model.name}",
                        cure="pa resume --budget USD raises it",
                    )
                price = await asyncio.to_thread(self._price, model.name, expected, most)
            asked = ModelAsked(
                call=secrets.token_hex(4),
                model=model.name,
                purpose=self._purpose,
                attempt=attempt,
                reserved=price,
            )
            await self._meter.record(asked)
        return asked, replace(prompt, max_output=min(most, prompt.max_output))

    def _with_parameters(self, model: Model, prompt: Prompt) -> Prompt:
        """The question with the parameters of all layers; what it says itself wins."""
        parameters = layered(
            model.name,
            "builtin" if self._purpose == "work" else "supervisor",
            of_models=self._meter.of_models,
            of_agents=self._meter.of_agents,
            explicit=prompt.parameters,
        )
        effort = parameters.pop("reasoning_effort", None)
        chosen = next((each for each in EFFORTS if each == effort), prompt.effort)
        return replace(prompt, parameters=parameters, effort=prompt.effort or chosen)

    def _price(self, name: str, tokens_in: int, tokens_out: int) -> float:
        return self._meter.prices.of(name, Usage(input=tokens_in, output=tokens_out)).usd

    def _affordable(self, name: str, tokens_in: int, left: float) -> int:
        """How many tokens of an answer the money pays for, beside the question."""
        thousand = self._price(name, tokens_in, 1000) - self._price(name, tokens_in, 0)
        rest = left - self._price(name, tokens_in, 0)
        return int(rest / thousand * 1000) if thousand > 0 and rest > 0 else 0

    async def _settle(
        self,
        asked: ModelAsked,
        usage: Usage,
        *,
        began: float,
        error: str = "",
        estimated: bool = False,
    ) -> None:
        price = self._meter.prices.of(asked.model, usage)
        settled = ModelSettled(
            call=asked.call,
            model=asked.model,
            purpose=asked.purpose,
            usage=usage,
            usd=price.usd,
            priced=price.known,
            estimated=estimated,
            seconds=round(time.monotonic() - began, 3),
            error=error[:500],
        )
        await self._meter.record(settled)

    def _expected(self, prompt: Prompt) -> int:
        """Tokens that the question takes, about: what the last answer told, and what is new."""
        new: list[Message] = []
        for message in reversed(prompt.messages):
            if self._input and isinstance(message, AssistantMessage):
                break
            new.append(message)
        told = self._input or _size(prompt.system) + sum(_size(str(t.schema)) for t in prompt.tools)
        return told + sum(_tokens(message) for message in new)


class _Failed(Exception):
    """One attempt failed, before or after a part of the answer had been heard."""

    def __init__(self, error: ModelUnavailable, *, heard: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.heard = heard


def _size(text: str) -> int:
    return len(text) // CHARACTERS_A_TOKEN


def _tokens(message: Message) -> int:
    return sum(
        TOKENS_AN_IMAGE if isinstance(part, Image) else _size(part.model_dump_json())
        for part in message.parts
    )
