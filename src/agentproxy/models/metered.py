"""The wrapper around every model: it pays, retries, falls back and records each attempt."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic_core import to_json

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
    ToolSpec,
)
from agentproxy.models.prices import Prices
from agentproxy.models.prompt_redaction import PromptRedactor, RedactText

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "max")
MIN_OUTPUT_TOKENS = 1024  # a shorter answer is not worth the price of its question
MAX_WAIT_SECONDS = 300.0  # a longer wait that a vendor asks for is cut to this
RETRIED_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Retry:
    """Which failed questions are asked again, how often, and after how many seconds."""

    tries: int = 3  # after the first attempt
    base: float = 1.0
    maximum: float = 30.0
    statuses: frozenset[int] = RETRIED_STATUSES
    # Also after a part of the answer came. That part is paid for twice, but otherwise one lost
    # connection parks a run at night.
    restart: bool = True

    def again(self, error: ModelUnavailable, *, heard: bool) -> bool:
        if heard and not self.restart:
            return False
        # A lost connection has no status.
        return error.status is None or error.status in self.statuses

    def pause(self, attempt: int, error: ModelUnavailable) -> float:
        """Returns the seconds until the next try: the vendor's wait, if it is longer than ours."""
        ours = min(self.base * 2**attempt + random.random(), self.maximum)
        return max(ours, min(error.after or 0.0, MAX_WAIT_SECONDS))


# It finishes though its caller is cancelled, and raises the cancellation only then.
RecordCost = Callable[[Fact], Awaitable[None]]
Wrap = Callable[[Model, Purpose], Model]


def _unchanged(model: Model, _purpose: Purpose) -> Model:
    return model


@dataclass(slots=True)
class Meter:
    """How questions are recorded, paid, retried and redacted."""

    record: RecordCost
    budget: Budget
    prices: Prices = field(default_factory=Prices)
    retry: Retry = field(default_factory=Retry)
    of_models: Mapping[str, Parameters] = field(default_factory=dict[str, Parameters])
    # Under "builtin" and "supervisor".
    of_agents: Mapping[str, Parameters] = field(default_factory=dict[str, Parameters])
    redact: RedactText = str  # for every text that goes out
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    # Around each model at each attempt: it sees the question as it goes out.
    wrap: Wrap = _unchanged

    def ledger(self, purpose: Purpose) -> BudgetLedger:
        return BudgetLedger(self.record, self.budget, self.prices, purpose)


class MeteredModel:
    """A `Model` made of several. The next one is asked after all tries of one have failed."""

    def __init__(self, models: Sequence[Model], *, purpose: Purpose, meter: Meter) -> None:
        self._models = tuple(models)
        self._purpose: Purpose = purpose
        self._meter = meter
        self._input = 0
        self._clean = PromptRedactor(meter.redact)
        self._ledger = meter.ledger(purpose)

    @property
    def name(self) -> str:
        return self._models[0].name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """See `Model`. Also raises BudgetSpent if the money does not pay for a short answer."""
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
        for model in self._models:
            await model.close()

    async def _once(self, model: Model, prompt: Prompt, *, attempt: int, show: Show) -> ModelAnswer:
        prompt = self._with_parameters(model, prompt)
        expected = self._expected(prompt)
        least = min(MIN_OUTPUT_TOKENS, prompt.max_output)
        need = TokenEstimate(question=expected, most=prompt.max_output, least=least)
        reservation = await self._ledger.reserve(model.name, need, attempt=attempt)
        heard = _Heard()

        def listen(fragment: Fragment) -> None:
            # Tool calls count too: a vendor bills a stream that broke off inside a long call.
            heard.add(fragment.text)
            if fragment.kind != "call":
                show(fragment)

        asked = self._meter.wrap(model, self._purpose)
        try:
            answer = await asked.answer(replace(prompt, max_output=reservation.most), show=listen)
        # A cancelled question is settled like a failed one.
        except BaseException as error:
            used = _used(error, expected=expected, heard=heard)
            await self._ledger.settle(reservation, used, error=_why(error), estimated=True)
            if isinstance(error, ModelUnavailable):
                raise _Failed(error, heard=heard.pieces > 0) from error
            raise
        self._input = answer.usage.input + answer.usage.output
        if answer.usage.total:
            await self._ledger.settle(reservation, answer.usage)
        else:  # many small servers report nothing
            used = _guessed(expected, heard)
            await self._ledger.settle(reservation, used, estimated=True)
        return answer

    def _with_parameters(self, model: Model, prompt: Prompt) -> Prompt:
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
        # The last answer of this conversation came with the vendor's own count of all before it.
        # Only newer messages are estimated.
        new: list[Message] = []
        for message in reversed(prompt.messages):
            if self._input and isinstance(message, AssistantMessage):
                return self._input + sum(_tokens(each) for each in new)
            new.append(message)
        told = _size(prompt.system) + sum(_tool_size(tool) for tool in prompt.tools)
        return told + sum(_tokens(each) for each in new)


class _Failed(Exception):
    """One attempt failed. `heard` says whether a part of the answer came before."""

    def __init__(self, error: ModelUnavailable, *, heard: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.heard = heard


@dataclass(slots=True)
class _Heard:
    """How much of an answer came."""

    pieces: int = 0
    size: int = 0  # bytes

    def add(self, text: str) -> None:
        self.pieces += 1
        self.size += count_bytes(text)


def _used(error: BaseException, *, expected: int, heard: _Heard) -> Usage:
    # Once any part of an answer exists the vendor bills the question. A cancelled question may have
    # reached the vendor.
    told = error.usage if isinstance(error, ModelError) else Usage()
    if not (heard.pieces or told.total or isinstance(error, asyncio.CancelledError)):
        return told
    guess = _guessed(expected, heard)
    output = max(told.output, guess.output)
    return told.model_copy(update={"input": told.input or guess.input, "output": output})


def _guessed(expected: int, heard: _Heard) -> Usage:
    return Usage(input=expected, output=heard.size // BYTES_PER_TOKEN)


def _why(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "the question was interrupted"
    return str(error) or type(error).__name__


def _size(text: str) -> int:
    return count_bytes(text) // BYTES_PER_TOKEN


def _tool_size(tool: ToolSpec) -> int:
    return _size(f"{tool.name} {tool.description} {to_json(tool.schema).decode()}")


def _tokens(message: Message) -> int:
    return sum(
        TOKENS_PER_IMAGE if isinstance(part, Image) else _size(part.model_dump_json())
        for part in message.parts
    )
