"""Puts the worker to work on a round, in a clone of its own."""

import asyncio
import shutil
from pathlib import Path
from typing import Protocol

from agentproxy.events.envelope import Fact
from agentproxy.events.work import WorkerEnded, WorkerStarted
from agentproxy.evidence.ground import Ground
from agentproxy.supervisor.brief import write_brief
from agentproxy.supervisor.building import environment_of
from agentproxy.supervisor.desk import Desk
from agentproxy.supervisor.effects import Work
from agentproxy.supervisor.loop import Recorder
from agentproxy.supervisor.state import BASE, State
from agentproxy.workers.port import Brief, Line, Worker
from agentproxy.workspace.clone import clone_mounts, make_clone
from agentproxy.workspace.place import place_plainly, place_tree


class Working(Protocol):
    """What is needed of a performer to put a worker to work."""

    run: str
    ground: Ground
    worker: Worker
    recorder: Recorder
    desk: Desk

    @property
    def state(self) -> State:
        """The run as it stands."""
        ...

    def show(self, source: str, text: str, /) -> None:
        """Show a fragment, if anybody looks."""
        ...


async def perform_work(on: Working, effect: Work) -> None:
    """One attempt at a round, from the brief to the end of the worker."""
    state = on.state
    tree = await _tree(on.ground, state)
    environment = await environment_of(BASE, state=state, ground=on.ground, show=on.show)
    directory = state.ordered.directory
    if on.ground.sandbox.isolates:
        place = place_tree(
            clone_mounts(on.ground.repository, tree),
            root=on.ground.repository.root,
            directory=directory,
            environment=environment,
        )
    else:
        place = place_plainly(tree, directory=directory, environment=environment)
    home = on.ground.folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    again = state.begun.get(effect.round, 0) > 0
    brief = Brief(
        run=on.run,
        round=effect.round,
        text=write_brief(state, directory=directory),
        place=place,
        home=home,
        seconds=state.max_time - state.worked,
        again=again,
        past=tuple(state.said.get(effect.round, ())),
    )
    actor = f"worker {effect.round}"

    async def record(fact: Fact) -> None:
        await on.recorder.record(fact, actor=actor)

    started = WorkerStarted(
        round=effect.round,
        worker=on.worker.name,
        again=again,
        grants=tuple(on.worker.grants()),
    )
    await record(started)
    line = Line(ask=on.desk.ask, record=record, show=lambda text: on.show("worker", text))
    ended = await on.worker.work(brief, line)
    await record(
        WorkerEnded(
            round=effect.round,
            claims=ended.claims,
            reason=ended.reason,
            exit_code=ended.exit_code,
            seconds=ended.seconds,
            output=ended.output,
            out_of_time=ended.out_of_time,
            out_of_money=ended.out_of_money,
        )
    )


async def _tree(ground: Ground, state: State) -> Path:
    """The worker's own clone, made once for the run; a half-made one is made anew."""
    tree = ground.folder / "work" / "tree"
    if tree.exists():
        return tree
    making = tree.with_name("tree.part")
    await asyncio.to_thread(shutil.rmtree, making, ignore_errors=True)
    making.parent.mkdir(parents=True, exist_ok=True)
    await make_clone(
        ground.repository,
        state.started_from.commit,
        making,
        branch="agentproxy",
        inside=ground.sandbox.isolates,
    )
    await asyncio.to_thread(ground.carry, making, state.surroundings)
    making.rename(tree)
    return tree
