"""Owning a run: taking its lease, ending what survived, bringing it as far as it goes."""

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agentproxy import __version__
from agentproxy.app.context import App
from agentproxy.app.hub import FragmentStream
from agentproxy.events.commands import Command
from agentproxy.events.conversation import Image
from agentproxy.events.cost import ModelAsked, ModelSettled, Purpose
from agentproxy.events.envelope import CommandId, Draft, Event, Fact, RunId
from agentproxy.events.run import SegmentStarted
from agentproxy.evidence.check_context import CheckContext
from agentproxy.journal.port import Fenced, Holder, Journal, JournalError, Lease
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel, Record
from agentproxy.models.port import Model
from agentproxy.policy.decide import Policy
from agentproxy.supervisor.command_handler import CommandHandler
from agentproxy.supervisor.contexts.session import keep_session
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.loop import Recorder, supervise
from agentproxy.supervisor.perform import Performer, tidy_stopped
from agentproxy.supervisor.planning import ReadRules
from agentproxy.supervisor.reduce import replay
from agentproxy.supervisor.request_desk import Desk
from agentproxy.supervisor.state import State
from agentproxy.workers.port import Worker
from agentproxy.workspace.environment.registries import Registries
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.sandbox.port import Sandbox
from agentproxy.workspace.sandbox.processes import end_process, machine_and_boot, start_time

_SLOTS = itertools.count(1)


class StillOwned(Exception):
    """A live process works on the run."""

    def __init__(self, run: RunId, pid: int) -> None:
        super().__init__(f"run {run} is being worked on by process {pid}")
        self.pid = pid


@dataclass(frozen=True, slots=True)
class RunDependencies:
    """What a run is worked on with, in this process."""

    repository: Repository
    sandbox: Sandbox
    hire: Callable[[Meter], Worker]
    judges: Sequence[Model]
    meter: Callable[[Record, Budget], Meter]
    environ: dict[str, str]
    folder: Path
    policy: Policy
    read_rules: ReadRules
    hold: float | None
    fragments: FragmentStream
    environments: Path
    registries: Registries | None
    images: Sequence[Image]


def new_holder() -> Holder:
    """This process as the holder of one more lease."""
    pid = os.getpid()
    return Holder(
        pid=pid, started=start_time(pid) or 0, machine=machine_and_boot(), slot=next(_SLOTS)
    )


def is_alive(holder: Holder) -> bool:
    """Whether the holder of a lease is a process that runs on this machine now.

    A holder on another machine cannot be seen from here and counts as alive; one of an earlier
    boot of this machine is gone.
    """
    here = machine_and_boot()
    if holder.machine != here:
        return holder.machine.partition(":")[0] != here.partition(":")[0]
    return start_time(holder.pid) == holder.started


async def acquire_run(app: App, run: RunId) -> Lease:
    """Take over a run that nobody works on.

    Raises:
        StillOwned: its holder is alive, be it this process.
        UnknownRun: there is no such run.
        LeaseTaken: somebody else was faster.
    """
    lease = await app.journal.lease(run)
    holder = lease.holder
    if holder is not None and holder not in app.abandoned and is_alive(holder):
        raise StillOwned(run, holder.pid)
    acquired = await app.journal.acquire(run, new_holder(), after=lease.generation)
    if holder is not None:
        app.abandoned.discard(holder)
    return acquired


@asynccontextmanager
async def released_after(app: App, lease: Lease) -> AsyncGenerator[None]:
    """Let go of a run when nothing in this process works on it any more, whatever happened."""
    try:
        yield
    finally:
        try:
            await app.journal.release(lease)
        except Fenced:
            pass  # somebody has it already
        except JournalError:
            # What broke the journal is told by whoever worked; here the run can be taken again.
            if lease.holder is not None:
                app.abandoned.add(lease.holder)


async def run_until_parked(journal: Journal, lease: Lease, means: RunDependencies) -> State:
    """Bring a run as far as it goes, and say where it stands then."""
    state = replay(await journal.read(lease.run))
    for pid, started in state.processes:
        end_process(pid, started)

    async def append(drafts: Sequence[Draft], taken: Sequence[CommandId]) -> Sequence[Event]:
        events = await journal.append(lease, drafts, taken=taken)
        for event in events[-1:]:
            means.fragments.recorded(event.seq)
        return events

    async def after(fact: Fact) -> None:
        await keep_session(state, fact, root=means.repository.root, run=lease.run)

    recorder = Recorder(state, append, after=after)
    meter = _meter(recorder, means)
    worker = means.hire(meter)
    ground = CheckContext(
        repository=means.repository,
        sandbox=means.sandbox,
        folder=means.folder,
        environ=means.environ,
        environments=means.environments,
        registries=means.registries,
    )
    thinking = SupervisorModel(
        state=state,
        ground=ground,
        model=lambda purpose: _judge(means, purpose, meter),
        images=means.images,
    )
    desk = Desk(
        state=state,
        policy=means.policy,
        record=recorder.record,
        hold=means.hold,
        answer=thinking.answer,
    )
    performer = Performer(
        run=lease.run,
        product=__version__,
        ground=ground,
        worker=worker,
        recorder=recorder,
        desk=desk,
        thinking=thinking,
        read_rules=means.read_rules,
        show=means.fragments.show,
        checks_at_once=asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2)),
    )
    obedience = CommandHandler(recorder=recorder, desk=desk, worker=worker)
    segment = SegmentStarted(
        segment=state.segment + 1, pid=os.getpid(), sandbox=means.sandbox.level
    )
    if state.ended is None:
        await recorder.record(segment)
    for pending in await journal.inbox(lease.run):
        await obedience.handle_backlog(pending.id, pending.command, generation=lease.generation)
    await supervise(
        recorder,
        perform=performer.perform,
        arrivals=_arrivals(journal, lease.run),
        obey=obedience.handle,
    )
    if state.ended is not None and state.ended.stopped:
        await asyncio.to_thread(tidy_stopped, means.folder)
    return state


def _meter(recorder: Recorder, means: RunDependencies) -> Meter:
    """What every question to a model is paid from: one purse for the whole run."""

    async def record(fact: Fact) -> None:
        of_work = isinstance(fact, ModelAsked | ModelSettled) and fact.purpose == "work"
        await recorder.record(
            fact, actor=f"worker {recorder.state.round}" if of_work else "supervisor"
        )

    return means.meter(record, Budget(left=lambda: recorder.state.money_left))


def _judge(means: RunDependencies, purpose: Purpose, meter: Meter) -> Model | None:
    return MeteredModel(means.judges, purpose=purpose, meter=meter) if means.judges else None


async def _arrivals(journal: Journal, run: RunId) -> AsyncIterator[tuple[CommandId, Command]]:
    async for pending in journal.arrivals(run):
        yield pending.id, pending.command
