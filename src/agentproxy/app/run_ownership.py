"""Takes a run's lease, ends surviving processes, and works on the run."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agentproxy import __version__
from agentproxy.app.context import App
from agentproxy.app.following import Follower, followed
from agentproxy.app.holders import StillOwned, is_alive, new_holder
from agentproxy.app.hub import FragmentStream
from agentproxy.engine.cancellation import finish_though_cancelled, first_to_end
from agentproxy.engine.commands import CommandHandler
from agentproxy.engine.recorder import Recorder
from agentproxy.engine.requests import Desk, Rule
from agentproxy.events.commands import Command
from agentproxy.events.conversation import Image
from agentproxy.events.cost import Purpose
from agentproxy.events.envelope import CommandId, Fact, RunId
from agentproxy.events.run import SegmentStarted
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.kept_results import KeptResults
from agentproxy.journal.port import Fenced, Journal, JournalError, Lease
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter, MeteredModel, RecordCost
from agentproxy.models.port import Model
from agentproxy.supervisor.contexts.session import SessionKeeper
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.kept_base import KeptBase
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.planning import ReadRules
from agentproxy.supervisor.run_folder import tidy_stopped
from agentproxy.supervisor.state import State
from agentproxy.supervisor.supervise import supervised_engine
from agentproxy.workers.port import Worker, WorkPlace
from agentproxy.workspace.environment.registries import Registries
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.sandbox.port import Sandbox
from agentproxy.workspace.sandbox.processes import end_process


@dataclass(frozen=True, slots=True)
class RunDependencies:
    repository: Repository
    sandbox: Sandbox
    create_worker: Callable[[Meter], Worker]
    judges: Sequence[Model]
    meter: Callable[[RecordCost, Budget], Meter]
    environ: dict[str, str]
    folder: Path
    rule: Rule
    read_rules: ReadRules
    hold: float | None
    jobs: int
    kept_results: KeptResults | None
    fragments: FragmentStream
    environments: Path
    registries: Registries | None
    images: Sequence[Image]
    follower: Follower


async def acquire_run(app: App, run: RunId) -> Lease:
    """Takes over a run that nobody works on. Raises StillOwned, UnknownRun, LeaseTaken."""
    lease = await app.journal.lease(run)
    holder = lease.holder
    # An abandoned lease is our own, and nothing works on its run.
    if holder is not None and holder not in app.abandoned and is_alive(holder):
        raise StillOwned(run, holder.pid)
    acquired = await app.journal.acquire(run, new_holder(), after=lease.generation)
    if holder is not None:
        app.abandoned.discard(holder)
    return acquired


@dataclass(frozen=True, slots=True)
class _Held:
    """A context, at whose end a run is released."""

    app: App
    lease: Lease

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *error: object) -> None:
        # Who waits for the end of the work may then take the run.
        await finish_though_cancelled(_release(self.app, self.lease))


def released_after(app: App, lease: Lease) -> AbstractAsyncContextManager[None]:
    """Releases the run after its work, after errors too."""
    return _Held(app, lease)


async def _release(app: App, lease: Lease) -> None:
    try:
        await app.journal.release(lease)
    except Fenced:
        pass  # another process has the run already
    except JournalError:
        # The work itself raises the journal's error. Here the run only becomes free again.
        if lease.holder is not None:
            app.abandoned.add(lease.holder)


async def run_until_parked(journal: Journal, lease: Lease, dependencies: RunDependencies) -> State:
    past = await journal.read(lease.run)
    state = SUPERVISED.replay(past)
    with followed(dependencies.follower, lease.run, past):
        return await _run_until_parked(state, journal, lease, dependencies=dependencies)


async def _run_until_parked(
    state: State, journal: Journal, lease: Lease, *, dependencies: RunDependencies
) -> State:
    # An owner that was killed may have left processes behind.
    for pid, started in state.processes:
        end_process(pid, started)

    keeper = SessionKeeper(state, root=dependencies.repository.root, run=lease.run)
    recorder = Recorder(
        state,
        partial(journal.append, lease),
        reduce=SUPERVISED.reduce,
        observers=[
            lambda event: dependencies.fragments.recorded(event.seq),
            keeper.note,
            dependencies.follower.note,
        ],
    )
    commands = CommandHandler(recorder)
    engine = supervised_engine(
        recorder, _parts(recorder, lease.run, dependencies), show=dependencies.fragments.show
    )
    if state.ended is None:
        await recorder.record(
            SegmentStarted(
                segment=state.lifecycle.segment + 1,
                pid=os.getpid(),
                sandbox=dependencies.sandbox.level,
                product=__version__,
            )
        )
    for pending in await journal.inbox(lease.run):
        await commands.handle_backlog(pending.id, pending.command, generation=lease.generation)
    try:
        # A failure of any of them ends all of them.
        await first_to_end(
            engine.drive(), commands.handle_all(_arrivals(journal, lease.run)), keeper.keep()
        )
    finally:
        await keeper.write()
    if state.ended is not None and state.ended.stopped:
        await asyncio.to_thread(tidy_stopped, dependencies.folder)
    return state


def _parts(recorder: Recorder[State], run: RunId, dependencies: RunDependencies) -> Parts:
    meter = _meter(recorder, dependencies)
    checks = CheckContext(
        repository=dependencies.repository,
        sandbox=dependencies.sandbox,
        folder=dependencies.folder,
        environ=dependencies.environ,
        environments=dependencies.environments,
        registries=dependencies.registries,
    )
    model = SupervisorModel(
        state=recorder.state,
        checks=checks,
        model=lambda purpose: _judge(dependencies, purpose, meter),
        images=dependencies.images,
    )
    return Parts(
        run=run,
        product=__version__,
        checks=checks,
        worker=dependencies.create_worker(meter),
        recorder=recorder,
        desk=Desk(recorder, rule=dependencies.rule, answers_questions=True),
        model=model,
        read_rules=dependencies.read_rules,
        hold=dependencies.hold,
        kept_base=KeptBase(dependencies.kept_results, product=__version__, run=run),
        jobs=dependencies.jobs,
        joining=lambda effect: dependencies.follower.joining(
            WorkPlace(run, recorder.state.lifecycle.segment, effect)
        ),
    )


def _meter(recorder: Recorder[State], dependencies: RunDependencies) -> Meter:
    async def record(fact: Fact) -> None:
        await recorder.record(fact)

    # One budget pays for all models of the run (decision 11). Each segment numbers its calls in
    # its own series.
    series = str(recorder.state.lifecycle.segment + 1)
    return dependencies.meter(
        record, Budget(lambda: recorder.state.ceilings.money_left, series=series)
    )


def _judge(dependencies: RunDependencies, purpose: Purpose, meter: Meter) -> Model | None:
    return (
        MeteredModel(dependencies.judges, purpose=purpose, meter=meter)
        if dependencies.judges
        else None
    )


async def _arrivals(journal: Journal, run: RunId) -> AsyncIterator[tuple[CommandId, Command]]:
    async for pending in journal.arrivals(run):
        yield pending.id, pending.command
