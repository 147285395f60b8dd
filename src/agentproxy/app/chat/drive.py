"""Drives one conversation in this process: loads it, hears its commands, and works on it."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial

from agentproxy.app.chat.at_work import AtWork
from agentproxy.app.chat.chat_models import limits_of, open_chat_models
from agentproxy.app.chat.children import ChildHost
from agentproxy.app.chat.engine import chat_engine
from agentproxy.app.chat.root_run import RootRun
from agentproxy.app.chat.services import DISK
from agentproxy.app.context import App
from agentproxy.app.hub import FragmentStream
from agentproxy.conversation.commands import ends_with_session, facts_of
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.state import Chat
from agentproxy.engine.bell import Bell
from agentproxy.engine.cancellation import first_to_end
from agentproxy.engine.commands import CommandHandler
from agentproxy.engine.loop import Engine
from agentproxy.engine.recorder import Recorder
from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, RunId
from agentproxy.events.run import SegmentStarted
from agentproxy.journal.port import Lease
from agentproxy.text.system_errors import in_words
from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.sandbox.processes import end_process

SHORTEST_LOOK = 0.05
LOOK_SECONDS = 5.0  # how often an idle conversation looks whether a client is there


@dataclass(eq=False, slots=True)
class Departures:
    """Sets bells when the last client of a conversation has left."""

    told: list[Bell] = field(default_factory=list[Bell])

    def tell(self) -> None:
        for bell in self.told:
            bell.set()

    def told_to(self, bell: Bell) -> AbstractContextManager[None]:
        return _Told(self.told, bell)


@dataclass(frozen=True, slots=True)
class _Told:
    """A context, during which a bell is among those that are told."""

    all: list[Bell]
    bell: Bell

    def __enter__(self) -> None:
        self.all.append(self.bell)

    def __exit__(self, *error: object) -> None:
        self.all.remove(self.bell)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that are left, by what they are left for. A departure makes them fewer."""

    idle: Callable[[], float]  # until a conversation with nothing to do is let go
    session: Callable[[], float]  # until its session ends
    departures: Departures


async def drive_chat(
    host: ChildHost,
    lease: Lease,
    state: Chat,
    *,
    fragments: FragmentStream,
    patience: Patience,
    loaded: Callable[[], None],
) -> None:
    """Works on a conversation until it was idle for long enough. The lease stays held.

    `loaded` is told when the turns begin.
    """
    services, app = host.services, host.services.app
    for pid, started in state.processes:
        end_process(pid, started)

    recorder = Recorder(
        state,
        partial(app.journal.append, lease),
        reduce=CHAT.reduce,
        actor="supervisor",
        observers=[lambda event: fragments.recorded(event.seq), app.follower.note],
    )
    commands = CommandHandler(recorder, translate=facts_of)
    state.limits = limits_of(services.settings)
    state.summarise_at = services.settings.summarise_at
    state.keeps_memory = services.remembers(state.require_order())
    for pending in await app.journal.inbox(lease.run):
        await commands.handle(pending.id, pending.command)
    root = _root(host, recorder, lease)
    if root is None:
        return
    models = open_chat_models(services, recorder, root=root, run=lease.run)
    try:
        try:
            engine = await chat_engine(host, recorder, models, lease=lease, fragments=fragments)
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
        loaded()
        while True:
            await _work_and_hear(engine, commands, host=host, lease=lease, patience=patience)
            # The work may end just before it is seen that the session has ended.
            if patience.session() <= 0 and ends_with_session(state):
                await recorder.decide(ends_with_session, actor="human")
            # A message may have been taken from the inbox just before the hearing ended.
            if not CHAT.due(state):
                return
    finally:
        host.roots.pop(lease.run, None)
        await models.close()


def _root(host: ChildHost, recorder: Recorder[Chat], lease: Lease) -> RootRun | None:
    """Returns the conversation that pays; None where it is not loaded, so that nothing may run."""
    order = recorder.state.child_order
    if order is not None:
        return host.roots.get(RunId(order.root))
    return host.roots.setdefault(lease.run, RootRun(recorder))


async def _work_and_hear(
    engine: Engine[Chat, ChatParts],
    commands: CommandHandler[Chat],
    *,
    host: ChildHost,
    lease: Lease,
    patience: Patience,
) -> None:
    await first_to_end(
        commands.handle_all(_arrivals(host.services.app, lease)),
        _work(engine, lease.run, host.at_work, patience=patience),
        _watch_session(engine.recorder, patience),
    )


async def _fail_what_waits(recorder: Recorder[Chat], error: Exception) -> None:
    """Ends the turn of every message with the reason why nothing can be worked on."""
    cure = str(getattr(error, "cure", "")) or DISK
    failed = UserTurnEnded(ending="failed", error=in_words(error), cure=cure)
    state = recorder.state
    if state.active:
        await recorder.record(failed)
    for message, text in dict(state.dialogue.messages).items():
        await recorder.record(UserTurnStarted(message=message, text=text), failed)


async def _work(
    engine: Engine[Chat, ChatParts], run: RunId, at_work: AtWork, *, patience: Patience
) -> None:
    changed, state = engine.recorder.changed, engine.recorder.state
    with patience.departures.told_to(changed):
        while state.ended is None:
            changed.clear()
            # An agent's work belongs to the conversation that it works for.
            counts = state.child_order is None and bool(CHAT.due(state))
            if counts and not at_work.admit(run, changed.set):
                await changed.wait()
                continue
            await engine.drive()
            changed.clear()
            if CHAT.due(state):
                continue
            at_work.end(run)
            try:
                async with asyncio.timeout(min(patience.idle(), LOOK_SECONDS)):
                    await changed.ringing()
            except TimeoutError:
                if patience.idle() <= 0:
                    return


async def _watch_session(recorder: Recorder[Chat], patience: Patience) -> None:
    """Ends with a session what belongs to it, also during a turn (OA-131, OA-153)."""
    left = Bell()
    with patience.departures.told_to(left):
        while True:
            left.clear()
            if (seconds := patience.session()) == math.inf:
                # A client is there, and its departure is told.
                await left.ringing()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(seconds, SHORTEST_LOOK), LOOK_SECONDS)):
                    await left.ringing()
            if patience.session() <= 0 and ends_with_session(recorder.state):
                await recorder.decide(ends_with_session, actor="human")


async def _arrivals(app: App, lease: Lease) -> AsyncIterator[tuple[CommandId, Command]]:
    async for pending in app.journal.arrivals(lease.run):
        found = [(pending.id, pending.command)]
        del pending  # it need not stay while nothing comes
        yield found.pop()
