"""The one wrapper around a model: it pays, asks again, falls back, and records every attempt.

The backoff is the smaller of (base times 2 to the attempt, plus a random second) and the maximum.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agentproxy.events.conversation import AssistantMessage, Image, Message, Usage
from agentproxy.events.cost import Purpose
from agentproxy.events.envelope import Fact
from agentproxy.models.budget import (
    BYTES_PER_TOKEN,
    TOKENS_PER_IMAGE,
    Budget,
    BudgetLedger,
    TokenEstimate,
    count_bytes,
)
from agentproxy.models.parameters import Parameters, layered
from agentproxy.models.port import (
    Effort,
    Fragment,
    Model,
    ModelAnswer,
    ModelError,
    ModelUnavailable,
    Prompt,
    Show,
)
from agentproxy.models.prices import Prices
from agentproxy.models.prompt_redaction import PromptRedactor, RedactText

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")
MIN_OUTPUT_TOKENS = 1024  # tokens; an answer that may not even be so long is not worth its question
MAX_WAIT_SECONDS = 300.0  # seconds; who asks for more is unavailable
RETRIED_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long a failed question is asked again; `statuses` are those of HTTP for
    which it is, a lost connection is always one. `restart`: also after a part had been heard.
    """

    tries: int = 3
    base: float = 1.0
    maximum: float = 30.0
    statuses: frozenset[int] = RETRIED_STATUSES
    restart: bool = True

    def again(self, error: ModelUnavailable, *, heard: bool) -> bool:
        """Whether such a failure is worth another try."""
        if heard and not self.restart:
            return False
        return error.status is None or error.status in self.statuses

    def pause(self, attempt: int, error: ModelUnavailable) -> float:
        """Seconds until the next try: what the vendor asks for, if that is longer than ours."""
        ours = min(self.base * 2**attempt + random.random(), self.maximum)
        return max(ours, min(error.after or 0.0, MAX_WAIT_SECONDS))


RecordCost = Callable[[Fact], Awaitable[None]]


@dataclass
class Meter:
    """What a question is recorded, paid and priced with. `of_models` and `of_agents` are parameters
    by model or vendor, and by who asks ("builtin", "supervisor"). `redact` is applied to every text
    that goes out.
    """

    record: RecordCost
    budget: Budget
    prices: Prices = field(default_factory=Prices)
    retry: Retry = field(default_factory=Retry)
    of_models: Mapping[str, Parameters] = field(default_factory=dict[str, Parameters])
    of_agents: Mapping[str, Parameters] = field(default_factory=dict[str, Parameters])
    redact: RedactText = str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def ledger(self, purpose: Purpose) -> BudgetLedger:
        """Where the questions of a purpose are paid."""
        return BudgetLedger(self.record, self.budget, self.prices, purpose)


class MeteredModel:
    """A `Model` of several: the first answers, and the next where all its tries have failed."""

    def __init__(self, models: Sequence[Model], *, purpose: Purpose, meter: Meter) -> None:
        self._models = tuple(models)
        self._purpose: Purpose = purpose
        self._meter = meter
        self._input = 0
        self._clean = PromptRedactor(meter.redact)
        self._ledger = meter.ledger(purpose)

    @property
    def name(self) -> str:
        """The name of the first."""
        return self._models[0].name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
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

    async def _once(self, model: Model, prompt: Prompt, *, attempt: int, show: Show) -> ModelAnswer:
        prompt = self._with_parameters(model, prompt)
        expected = self._expected(prompt)
        least = min(MIN_OUTPUT_TOKENS, prompt.max_output)
        need = TokenEstimate(question=expected, most=prompt.max_output, least=least)
        reservation = await self._ledger.reserve(model.name, need, attempt=attempt)
        heard: list[int] = []

        def listen(fragment: Fragment) -> None:
            heard.append(count_bytes(fragment.text))
            if fragment.kind != "call":
                show(fragment)

        try:
            answer = await model.answer(replace(prompt, max_output=reservation.most), show=listen)
        except BaseException as error:
            used = _used(error, expected=expected, heard=heard)
            await self._ledger.settle(reservation, used, error=_why(error), estimated=True)
            if isinstance(error, ModelUnavailable):
                raise _Failed(error, heard=bool(heard)) from error
            raise
        self._input = answer.usage.input + answer.usage.output
        await self._ledger.settle(reservation, answer.usage)
        return answer

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

    def _expected(self, prompt: Prompt) -> int:
        """Tokens that the question takes, about: what the last answer told, and what is new."""
        new: list[Message] = []
        for message in reversed(prompt.messages):
            if self._input and isinstance(message, AssistantMessage):
                return self._input + sum(_tokens(each) for each in new)
            new.append(message)
        told = _size(prompt.system) + sum(_size(str(tool)) for tool in prompt.tools)
        return told + sum(_tokens(each) for each in new)


class _Failed(Exception):
    """One attempt failed, before or after a part of the answer had been heard."""

    def __init__(self, error: ModelUnavailable, *, heard: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.heard = heard


def _used(error: BaseException, *, expected: int, heard: Sequence[int]) -> Usage:
    """What a failed attempt used: what was told and what was heard were paid for, and so was the
    question, once there was any of it.
    """
    told = error.usage if isinstance(error, ModelError) else Usage()
    if not (heard or told.total or isinstance(error, asyncio.CancelledError)):
        return told
    output = max(told.output, sum(heard) // BYTES_PER_TOKEN)
    return told.model_copy(update={"input": told.input or expected, "output": output})


def _why(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "it was interrupted"
    return str(error) or type(error).__name__


def _size(text: str) -> int:
    return count_bytes(text) // BYTES_PER_TOKEN


def _tokens(message: Message) -> int:
    return sum(
        TOKENS_PER_IMAGE if isinstance(part, Image) else _size(part.model_dump_json())
        for part in message.parts
    )
