"""Works on a run in this process, or ends one that nobody owns."""

import asyncio
import os
from functools import partial
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.app.following import followed
from agentproxy.app.hub import FragmentStream
from agentproxy.app.models import meter_of, open_judges
from agentproxy.app.rules import rules_reader
from agentproxy.app.run_ownership import (
    RunDependencies,
    acquire_run,
    released_after,
    run_until_parked,
)
from agentproxy.app.screenshots import load_screenshots
from agentproxy.app.worker_factory import create_worker
from agentproxy.engine.commands import CommandHandler
from agentproxy.engine.recorder import Recorder
from agentproxy.events.commands import StopRun
from agentproxy.events.conversation import Image
from agentproxy.events.envelope import RunId
from agentproxy.journal.port import Lease
from agentproxy.policy.decide import Policy
from agentproxy.supervisor.contexts.session import SessionKeeper
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.rulings import rule_by
from agentproxy.supervisor.run_folder import tidy_stopped
from agentproxy.supervisor.state import State


async def work_on(app: App, lease: Lease, *, hold: float | None) -> State:
    """Works on a run until it parks or ends, then releases it. The hub has its live output.

    Raises RepositoryUnusable, WorkerError, SandboxError; Fenced when another process has the run.
    """
    async with released_after(app, lease):
        with app.hub.open(lease.run) as fragments:
            return await _work_on(app, lease, hold=hold, fragments=fragments)


async def _work_on(
    app: App, lease: Lease, *, hold: float | None, fragments: FragmentStream
) -> State:
    order = SUPERVISED.replay(await app.journal.read(lease.run, limit=1)).require_order()
    repository = await app.repository(Path(order.repository))
    project = await app.project(Path(order.repository, order.directory))
    sandbox = await app.sandbox(order.sandbox)
    pictures = await asyncio.to_thread(load_screenshots, app, lease.run, order)
    judges = open_judges(order, project=project)
    dependencies = RunDependencies(
        repository=repository,
        sandbox=sandbox,
        create_worker=lambda meter: create_worker(
            order, project=project, sandbox=sandbox, meter=meter
        ),
        judges=judges,
        environ=app.environ,
        folder=app.folder(lease.run),
        rule=rule_by(
            Policy(
                root=str(repository.root),
                directory=order.directory,
                scratch=("/tmp",) if sandbox.isolates else (),
            )
        ),
        read_rules=rules_reader(app, repository.root),
        hold=hold,
        jobs=project.settings.jobs or _usable_cores(),
        kept_results=app.kept_results if project.settings.keep_bases == "auto" else None,
        fragments=fragments,
        environments=app.environments,
        registries=await app.registries(),
        images=[Image(media_type=kind, data=data) for kind, data in pictures],
        meter=meter_of(project),
        follower=app.follower,
    )
    dependencies.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return await run_until_parked(app.journal, lease, dependencies)
    finally:
        for model in judges:
            await model.close()


def _usable_cores() -> int:
    # A container or `taskset` may grant fewer than the machine has.
    granted = getattr(os, "sched_getaffinity", None)
    return len(granted(0)) if granted else os.cpu_count() or 1


async def end_unowned(app: App, run: RunId, command: StopRun) -> None:
    """Ends a run that nobody works on. Raises StillOwned."""
    lease = await acquire_run(app, run)
    async with released_after(app, lease):
        await _stop(app, lease, command)
    await asyncio.to_thread(tidy_stopped, app.folder(run))


async def _stop(app: App, lease: Lease, command: StopRun) -> None:
    past = await app.journal.read(lease.run)
    state = SUPERVISED.replay(past)

    keeper = SessionKeeper(state, root=Path(state.require_order().repository), run=lease.run)
    recorder = Recorder(
        state,
        partial(app.journal.append, lease),
        reduce=SUPERVISED.reduce,
        observers=[keeper.note, app.follower.note],
    )
    number = await app.journal.submit(lease.run, command)
    with followed(app.follower, lease.run, past):
        await CommandHandler(recorder).handle(number, command)
    await keeper.write()
