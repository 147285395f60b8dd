"""Builds what drives a conversation: its models, its tools, and what its calls may do."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentproxy.agent.parts import AllowCall
from agentproxy.agent.state import AgentLimits
from agentproxy.app.chat.services import DISK, ChatServices
from agentproxy.app.chat.toolbox import chat_tools
from agentproxy.app.hub import FragmentStream
from agentproxy.app.models import meter_of, open_models
from agentproxy.config.chat import ChatSettings

# Imported to register their handlers.
from agentproxy.conversation import approvals as approvals
from agentproxy.conversation import calls as calls
from agentproxy.conversation import run_background as run_background
from agentproxy.conversation import summaries as summaries
from agentproxy.conversation import tracing as tracing
from agentproxy.conversation import turns as turns
from agentproxy.conversation.background import BACKGROUND
from agentproxy.conversation.compaction import OldResults
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.prompts import system_prompt
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.engine.loop import Engine
from agentproxy.engine.recorder import Recorder
from agentproxy.events.background import BackgroundEnded
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.events.run import ChatOrder
from agentproxy.journal.port import JournalError, Lease
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel
from agentproxy.models.port import Model, ModelError, ModelRefused
from agentproxy.models.traced import Tracer
from agentproxy.models.unusable import UnusableModel
from agentproxy.policy.allowed_programs import not_listed
from agentproxy.policy.commands import command_line
from agentproxy.policy.rulings import Policy, Refuse
from agentproxy.tools.port import ERROR, Permission
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.sandbox.port import SandboxError

FROM_WITHIN = Policy(root="/workspace")
RETRIED = frozenset({429, 500, 502, 503, 529})  # OA-119
DEFECT = "this is a defect of Agent Proxy; report it with the id of the conversation"


@dataclass(frozen=True, slots=True)
class ChatModels:
    """The models of one conversation. Both are paid from its budget."""

    work: MeteredModel
    summaries: MeteredModel

    async def close(self) -> None:
        # Both are made of the same ones.
        await self.work.close()


def limits_of(settings: ChatSettings) -> AgentLimits:
    return AgentLimits(
        turns=settings.max_turns,
        tokens=settings.max_token_budget,
        output=settings.max_output_tokens,
    )


def _meter(recorder: Recorder[Chat], services: ChatServices) -> Meter:
    async def record(fact: Fact) -> None:
        await recorder.record(fact)

    series = str(recorder.state.lifecycle.segment + 1)
    budget = Budget(lambda: recorder.state.ceilings.money_left, series=series)
    meter = meter_of(services.project)(record, budget)
    # A client has read the part of an answer that came: asking again would tell it twice.
    meter.retry = replace(meter.retry, restart=False, statuses=RETRIED)
    if recorder.state.require_order().tracing:
        meter.wrap = Tracer(record, recorder.state.traced).wrap
    return meter


def open_chat_models(services: ChatServices, recorder: Recorder[Chat]) -> ChatModels:
    """Returns the models of a conversation. One that cannot be used says why in its first turn."""
    models = _models(services, recorder.state.require_order().model)
    meter = _meter(recorder, services)
    return ChatModels(
        work=MeteredModel(models, purpose="work", meter=meter),
        summaries=MeteredModel(models, purpose="compact", meter=meter),
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


async def chat_engine(
    services: ChatServices,
    recorder: Recorder[Chat],
    models: ChatModels,
    *,
    lease: Lease,
    fragments: FragmentStream,
) -> Engine[Chat, ChatParts]:
    """Returns what drives a conversation. Raises OSError, SandboxError."""
    state = recorder.state
    order = state.require_order()
    bench = await services.tools.open_bench(
        Path(order.workspace),
        sandbox=services.sandbox,
        home=services.app.folder(lease.run) / "home",
        skills=services.skills,
        show=lambda text: fragments.show("tool", text),
        bash_seconds=services.settings.bash_timeout,
    )
    parts = ChatParts(
        model=models.work,
        summariser=models.summaries,
        tools=chat_tools(services.skills, state, run=lease.run),
        bench=bench,
        allow=_allow(services),
        instructions=await _instructions(order, state, services.skills),
        shown=OldResults(),
        background_seconds=services.settings.background_timeout,
    )
    context = Context(
        state=state,
        parts=parts,
        record=recorder.record,
        until=recorder.until,
        show=fragments.show,
    )
    return Engine(face=CHAT, recorder=recorder, context=context, faults=fault_of)


def _allow(services: ChatServices) -> AllowCall:
    allowed = services.settings.allowed_commands

    async def allow(_call: ToolCall, permission: Permission) -> str:
        if permission.action != "run":
            return ""
        # The sandbox keeps a command away from everything else. These harm it from within.
        if isinstance(command_line(permission.subject, FROM_WITHIN), Refuse):
            return "Blocked dangerous pattern in command"
        if allowed and (name := not_listed(permission.subject, allowed)):
            return f"Command '{name}' not in allowed list"
        return ""

    return allow


async def _instructions(order: ChatOrder, state: Chat, library: SkillLibrary) -> Callable[[], str]:
    # Read once: a changed prompt would cost the vendor's cache of everything after it.
    skills = await asyncio.to_thread(library.listing)
    return lambda: system_prompt(order, plan_mode=state.plan_mode, skills=skills)


def fault_of(key: str, error: Exception) -> Fact | None:
    """Returns what failed: a turn, or a command in the background. None for the journal."""
    if isinstance(error, JournalError):
        return None
    if key.startswith(BACKGROUND):
        task, text = key.removeprefix(BACKGROUND), f"{ERROR}{error}"
        return BackgroundEnded(task=task, status="error", result=text)
    if isinstance(error, ModelError | SandboxError):
        return UserTurnEnded(ending="failed", error=str(error), cure=error.cure)
    if isinstance(error, OSError):
        return UserTurnEnded(ending="failed", error=str(error), cure=DISK)
    return UserTurnEnded(ending="failed", error=f"{type(error).__name__}: {error}", cure=DEFECT)
