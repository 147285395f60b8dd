"""The one point at which questions to models and their answers are traced."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from agentproxy.events.cost import Purpose
from agentproxy.events.envelope import Fact
from agentproxy.events.tracing import AnswerTraced
from agentproxy.models.port import Model, ModelAnswer, Prompt, Show
from agentproxy.models.trace_log import TraceLog


@dataclass(frozen=True)
class Tracer:
    """Records the questions of a run. `log` is folded from what `record` stores.

    A subagent or teammate whose questions belong to the same run is traced by `of(NAME)`.
    """

    record: Callable[[Fact], Awaitable[None]]
    log: TraceLog
    agent: str = ""
    # Between the choice of a number and its record nobody else may choose one.
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def of(self, agent: str) -> "Tracer":
        return replace(self, agent=agent)

    def wrap(self, model: Model, purpose: Purpose) -> Model:
        return _TracedModel(model, self, purpose)

    async def ask(self, prompt: Prompt, *, purpose: Purpose, model: str) -> int:
        async with self.lock:
            fact = self.log.next_prompt(prompt, agent=self.agent, purpose=purpose, model=model)
            await self.record(fact)
        return fact.seq


class _TracedModel:
    """A model each of whose questions and answers is recorded."""

    def __init__(self, model: Model, tracer: Tracer, purpose: Purpose) -> None:
        self._model = model
        self._tracer = tracer
        self._purpose: Purpose = purpose

    @property
    def name(self) -> str:
        return self._model.name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """See `Model`. Without a whole answer, the reason is recorded."""
        record = self._tracer.record
        seq = await self._tracer.ask(prompt, purpose=self._purpose, model=self.name)
        try:
            answer = await self._model.answer(prompt, show=show)
        except asyncio.CancelledError:
            await record(AnswerTraced(seq=seq, error="the question was interrupted"))
            raise
        except Exception as error:
            await record(AnswerTraced(seq=seq, error=str(error) or type(error).__name__))
            raise
        await record(
            AnswerTraced(seq=seq, message=answer.message, stop=answer.stop, usage=answer.usage)
        )
        return answer

    async def close(self) -> None:
        await self._model.close()
