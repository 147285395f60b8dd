"""Drives one conversation in this process: loads it, hears its commands, and works on it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.agent.parts import AllowCall
from agentproxy.agent.state import AgentLimits
from agentproxy.app.chat.bench import ToolPlaces, with_limits
from agentproxy.app.chat.toolbox import chat_tools
from agentproxy.app.context import App, Project
from agentproxy.app.hub import FragmentStream
from agentproxy.app.models import meter_of, open_models, variables
from agentproxy.config.chat import ChatSettings

# Imported to register their handlers.
from agentproxy.conversation import approvals as approvals
from agentproxy.conversation import plans as plans
from agentproxy.conversation import summaries as summaries
from agentproxy.conversation import turns as turns
from agentproxy.conversation.commands import facts_of
from agentproxy.conversation.compaction import OldResults
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.prompts import system_prompt
from agentproxy.conversation.state import Chat
from agentproxy.engine.commands import CommandHandler
from agentproxy.engine.context import Context
from agentproxy.engine.loop import Engine
from agentproxy.engine.recorder import Recorder
from agentproxy.events.chat import FeatureChanged, UserTurnEnded, UserTurnStarted
from agentproxy.events.commands import Command
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import CommandId, Draft, Event, Fact
from agentproxy.events.run import ChatOrder, SegmentStarted
from agentproxy.journal.port import JournalError, Lease
from agentproxy.models.budget import Budget
from agentproxy.models.deferred import SharedLines
from agentproxy.models.metered import Meter, MeteredModel
from agentproxy.models.names import find_model
from agentproxy.models.port import Model, ModelError, ModelRefused
from agentproxy.models.unusable import UnusableModel
from agentproxy.policy.allowed_programs import not_listed
from agentproxy.policy.commands import command_line
from agentproxy.policy.rulings import Policy, Refuse
from agentproxy.tools.port import Permission
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.sandbox.port import Sandbox, SandboxError
from agentproxy.workspace.sandbox.processes import end_process

ANSWER_SECONDS = 600.0  # without a byte of an answer
FROM_WITHIN = Policy(root="/workspace")
SHORTEST_LOOK = 0.05
LOOK_SECONDS = 5.0  # how often an idle conversation looks whether a client is there
RETRIED = frozenset({429, 500, 502, 503, 529})  # OA-119
DISK = "free space, or fix the permissions of the workspace"
DEFECT = "this is a defect of Agent Proxy; report it with the id of the conversation"


@dataclass(frozen=True, slots=True)
class ChatServices:
    """What all conversations of a process share."""

    app: App
    project: Project
    settings: ChatSettings
    sandbox: Sandbox
    tools: ToolPlaces
    lines: SharedLines = field(default_factory=lambda: SharedLines(seconds=ANSWER_SECONDS))

    def load_model(self) -> None:
        """Blocking. Where the model cannot be used, its first turn tells why."""
        with suppress(ImportError, ModelRefused):
            address = find_model(self.settings.model, variables(self.project))
            self.lines.pool().wire(address)

    @property
    def skills(self) -> SkillLibrary:
        return SkillLibrary(self.project.directory / self.settings.skills_dir)


async def drive_chat(
    services: ChatServices,
    lease: Lease,
    *,
    fragments: FragmentStream,
    linger: Callable[[], float],
) -> None:
    """Works on a conversation until it is idle for `linger()` seconds. The lease stays held."""
    app = services.app
    state = await _load(app, lease)
    for pid, started in state.processes:
        end_process(pid, started)

    async def append(drafts: Sequence[Draft], taken: Sequence[CommandId]) -> Sequence[Event]:
        events = await app.journal.append(lease, drafts, taken=taken)
        for event in events[-1:]:
            fragments.recorded(event.seq)
        return events

    recorder = Recorder(state, append, reduce=CHAT.reduce, actor="supervisor")
    commands = CommandHandler(recorder, translate=facts_of)
    state.limits = _limits(services.settings)
    state.summarise_at = services.settings.summarise_at
    models = _models(services, state.require_order().model)
    meter = _meter(recorder, services)
    model = MeteredModel(models, purpose="work", meter=meter)
    summariser = MeteredModel(models, purpose="compact", meter=meter)
    try:
        for pending in await app.journal.inbox(lease.run):
            await commands.handle(pending.id, pending.command)
        try:
            engine = await _engine(
                services, recorder, (model, summariser), lease=lease, fragments=fragments
            )
        except (OSError, SandboxError) as error:
            await _fail_what_waits(recorder, error)
            return
        await recorder.record(
            SegmentStarted(
                segment=state.lifecycle.segment + 1,
                pid=os.getpid(),
                sandbox=services.sandbox.level,
            )
        )
        while True:
            await _work_and_hear(engine, commands, app=app, lease=lease, linger=linger)
            # A message may have been taken from the inbox just before the hearing ended.
            if not CHAT.due(state):
                return
    finally:
        await model.close()


async def _work_and_hear(
    engine: Engine[Chat, ChatParts],
    commands: CommandHandler[Chat],
    *,
    app: App,
    lease: Lease,
    linger: Callable[[], float],
) -> None:
    hearing = asyncio.create_task(commands.handle_all(_arrivals(app, lease)))
    working = asyncio.create_task(_work(engine, linger))
    watching = asyncio.create_task(_watch_session(engine.recorder, linger))
    tasks = (hearing, working, watching)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _fail_what_waits(recorder: Recorder[Chat], error: Exception) -> None:
    """Ends the turn of every message with the reason why nothing can be worked on."""
    cure = str(getattr(error, "cure", "")) or DISK
    failed = UserTurnEnded(ending="failed", error=str(error), cure=cure)
    state = recorder.state
    if state.active:
        await recorder.record(failed)
    for message, text in dict(state.dialogue.messages).items():
        await recorder.record(UserTurnStarted(message=message, text=text), failed)


async def _load(app: App, lease: Lease) -> Chat:
    # In pages: the events of a long conversation need not be in memory together.
    state, after = CHAT.new_state(), 0
    while page := await app.journal.read(lease.run, after=after, limit=500):
        for event in page:
            CHAT.reduce(state, event)
        after = page[-1].seq
    return state


async def _work(engine: Engine[Chat, ChatParts], linger: Callable[[], float]) -> None:
    changed = engine.recorder.changed
    while engine.recorder.state.ended is None:
        await engine.drive()
        changed.clear()
        if CHAT.due(engine.recorder.state):
            continue
        try:
            await asyncio.wait_for(changed.wait(), min(linger(), LOOK_SECONDS))
        except TimeoutError:
            if linger() <= 0:
                return


async def _watch_session(recorder: Recorder[Chat], linger: Callable[[], float]) -> None:
    """Ends the word for the rest of the calls with its session, also during a turn (OA-131)."""
    while True:
        await asyncio.sleep(min(max(linger(), SHORTEST_LOOK), LOOK_SECONDS))
        if linger() <= 0 and recorder.state.approved_rest:
            again = FeatureChanged(feature="approval", enabled=True, session=True)
            await recorder.record(again, actor="human")


def _limits(settings: ChatSettings) -> AgentLimits:
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
    return meter


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


async def _engine(
    services: ChatServices,
    recorder: Recorder[Chat],
    models: tuple[MeteredModel, MeteredModel],
    *,
    lease: Lease,
    fragments: FragmentStream,
) -> Engine[Chat, ChatParts]:
    state = recorder.state
    order = state.require_order()
    bench = await services.tools.open_bench(
        Path(order.workspace),
        sandbox=services.sandbox,
        home=services.app.folder(lease.run) / "home",
        skills=services.skills,
        show=lambda text: fragments.show("tool", text),
    )
    parts = ChatParts(
        model=models[0],
        summariser=models[1],
        tools=chat_tools(services.skills),
        bench=with_limits(bench, bash_seconds=services.settings.bash_timeout),
        allow=_allow(services),
        instructions=await _instructions(order, state, services.skills),
        shown=OldResults(),
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


def fault_of(_key: str, error: Exception) -> Fact | None:
    """Returns the fact that a turn failed. A failure of the journal is nobody's turn: None."""
    if isinstance(error, JournalError):
        return None
    if isinstance(error, ModelError | SandboxError):
        return UserTurnEnded(ending="failed", error=str(error), cure=error.cure)
    if isinstance(error, OSError):
        return UserTurnEnded(ending="failed", error=str(error), cure=DISK)
    return UserTurnEnded(ending="failed", error=f"{type(error).__name__}: {error}", cure=DEFECT)


async def _arrivals(app: App, lease: Lease) -> AsyncIterator[tuple[CommandId, Command]]:
    async for pending in app.journal.arrivals(lease.run):
        yield pending.id, pending.command
