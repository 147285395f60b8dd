"""The models of a conversation and of the agents that work for it, paid from one purse."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from agentproxy.agent.state import AgentLimits
from agentproxy.app.chat.services import ChatServices
from agentproxy.app.models import meter_of, open_models
from agentproxy.config.chat import ChatSettings
from agentproxy.conversation.children import paid_for
from agentproxy.conversation.state import Chat
from agentproxy.engine.recorder import Recorder
from agentproxy.events.cost import ModelAsked
from agentproxy.events.envelope import Fact, RunId
from agentproxy.events.run import ChildOrder
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel, Retry
from agentproxy.models.parameters import Parameters
from agentproxy.models.port import BudgetSpent, Model, ModelRefused
from agentproxy.models.traced import Tracer
from agentproxy.models.unusable import UnusableModel
from agentproxy.workers.port import WorkerError

RETRIED = frozenset({429, 500, 502, 503, 529})  # OA-119


@dataclass(frozen=True, slots=True)
class Purse:
    """The money of a conversation of the user. All who work for it are paid from it."""

    recorder: Recorder[Chat]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Held from the choice of a traced question's number until it is recorded.
    numbering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def record(self, fact: Fact, *, child: str = "") -> None:
        """Records in the conversation. `child` is the run of who worked for it."""
        if child:
            await self.recorder.record(fact, actor="agent", cause=f"child:{child}")
        else:
            await self.recorder.record(fact)

    def require_tokens(self) -> None:
        """Raises BudgetSpent where the tokens of the user's newest message are used up."""
        if self.recorder.state.out_of_tokens:
            raise BudgetSpent(
                "Token budget exceeded", cure="say more: each message of the user has its own"
            )

    def tracer(self, child: str) -> Tracer:
        """Returns what traces all models of the conversation, in one series of numbers."""
        traced = self.recorder.state.traced
        record = partial(self.record, child=child)
        return Tracer(record, traced, agent=child, lock=self.numbering)


@dataclass(frozen=True, slots=True)
class ChatModels:
    """The models of one conversation. All are paid from its budget."""

    work: MeteredModel
    summaries: MeteredModel
    notes: MeteredModel

    async def close(self) -> None:
        # They may be made of the same ones, which can be closed twice.
        await self.work.close()
        await self.summaries.close()


def limits_of(settings: ChatSettings) -> AgentLimits:
    return AgentLimits(
        turns=settings.max_turns,
        tokens=settings.max_token_budget,
        output=settings.max_output_tokens,
    )


def _meter(recorder: Recorder[Chat], services: ChatServices, *, purse: Purse, run: RunId) -> Meter:
    state = recorder.state
    order = state.child_order

    async def record(fact: Fact) -> None:
        # The conversation first: what is not recorded there is not reserved.
        if order is not None:
            if isinstance(fact, ModelAsked):
                purse.require_tokens()
            await purse.record(paid_for(fact, order.role), child=run)
        await recorder.record(fact)

    # Each segment of each run numbers its calls in its own series.
    segment = str(state.lifecycle.segment + 1)
    budget = Budget(
        lambda: purse.recorder.state.ceilings.money_left,
        series=segment if order is None else f"{run}-{segment}",
        lock=purse.lock,
    )
    meter = meter_of(services.project)(record, budget)
    meter.retry = _retry(meter.retry, services.settings)
    meter.of_agents = _with_temperature(meter.of_agents, services.settings, order)
    if state.require_order().tracing:
        meter.wrap = purse.tracer(run if order is not None else "").wrap
    return meter


def _retry(usual: Retry, settings: ChatSettings) -> Retry:
    # A client has read the part of an answer that came: asking again would tell it twice.
    changed = replace(usual, restart=False, statuses=RETRIED)
    if settings.llm_max_retries is not None:
        changed = replace(changed, tries=settings.llm_max_retries)
    if settings.llm_retry_base_delay is not None:
        changed = replace(changed, base=settings.llm_retry_base_delay)
    if settings.llm_retry_max_delay is not None:
        changed = replace(changed, maximum=settings.llm_retry_max_delay)
    return changed


def _with_temperature(
    of_agents: Mapping[str, Parameters], settings: ChatSettings, order: ChildOrder | None
) -> Mapping[str, Parameters]:
    chosen = settings.temperature
    if order is not None:
        of_teams = settings.teammate_temperature
        chosen = of_teams if order.role == "teammate" else settings.subagent_temperature
    if chosen is None:
        return of_agents
    # What is said of an agent's parameters in general wins.
    return {**of_agents, "builtin": {"temperature": chosen, **of_agents.get("builtin", {})}}


def open_chat_models(
    services: ChatServices, recorder: Recorder[Chat], *, purse: Purse, run: RunId
) -> ChatModels:
    """Returns the models of a conversation. One that cannot be used says why in its first turn."""
    name = recorder.state.require_order().model
    models = _models(services, name)
    shorter = services.settings.compact_model
    summaries = _models(services, shorter) if shorter and shorter != name else models
    meter = _meter(recorder, services, purse=purse, run=run)
    return ChatModels(
        work=MeteredModel(models, purpose="work", meter=meter),
        summaries=MeteredModel(summaries, purpose="compact", meter=meter),
        notes=MeteredModel(models, purpose="memory", meter=meter),
    )


def _models(services: ChatServices, name: str) -> Sequence[Model]:
    try:
        return open_models(
            name,
            project=services.project,
            started_in=services.project.directory,
            shared=services.lines,
        )
    except WorkerError as error:
        # The turn fails with the reason; the conversation stays.
        return [UnusableModel(name, ModelRefused(str(error), cure=error.cure))]
