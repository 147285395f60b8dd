"""The models of a conversation and of the agents that work for it, paid from one budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentproxy.agent.state import AgentLimits
from agentproxy.app.chat.root_run import RootRun
from agentproxy.app.chat.services import ChatServices
from agentproxy.app.models import meter_of, open_models
from agentproxy.config.chat import ChatSettings
from agentproxy.conversation.children import paid_for
from agentproxy.conversation.state import Chat
from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.engine.recorder import Recorder
from agentproxy.events.cost import ModelAsked
from agentproxy.events.envelope import Fact, RunId
from agentproxy.events.run import ChildOrder
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel, RecordCost, Retry
from agentproxy.models.parameters import Parameters
from agentproxy.models.port import Model, ModelRefused
from agentproxy.models.unusable import UnusableModel
from agentproxy.workers.port import WorkerError

RETRIED = frozenset({429, 500, 502, 503, 529})  # OA-119


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


def cost_record(recorder: Recorder[Chat], *, root: RootRun, run: RunId) -> RecordCost:
    """Returns what records a model call of a run, and of a child first in who pays for it."""
    order = recorder.state.child_order
    if order is None:
        return recorder.record

    async def record_both(fact: Fact) -> None:
        # The conversation first: what is not recorded there is not reserved.
        if isinstance(fact, ModelAsked):
            root.require_tokens()
        await root.record(paid_for(fact, order.role), child=run)
        await recorder.record(fact)

    return lambda fact: finish_though_cancelled(record_both(fact))


def _meter(recorder: Recorder[Chat], services: ChatServices, *, root: RootRun, run: RunId) -> Meter:
    state = recorder.state
    order = state.child_order
    # Each segment of each run numbers its calls in its own series.
    segment = str(state.lifecycle.segment + 1)
    budget = Budget(
        lambda: root.recorder.state.ceilings.money_left,
        series=segment if order is None else f"{run}-{segment}",
        lock=root.lock,
    )
    meter = meter_of(services.project)(cost_record(recorder, root=root, run=run), budget)
    meter.retry = _retry(meter.retry, services.settings)
    meter.of_agents = _with_temperature(meter.of_agents, services.settings, order)
    if state.require_order().tracing:
        meter.wrap = root.tracer(run if order is not None else "").wrap
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
    services: ChatServices, recorder: Recorder[Chat], *, root: RootRun, run: RunId
) -> ChatModels:
    """Returns the models of a conversation. One that cannot be used says why in its first turn."""
    name = recorder.state.require_order().model
    models = _models(services, name)
    shorter = services.settings.compact_model
    summaries = _models(services, shorter) if shorter and shorter != name else models
    meter = _meter(recorder, services, root=root, run=run)
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
