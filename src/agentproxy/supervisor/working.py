"""Puts the worker to work on a round, in a clone of its own."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from agentproxy.events.envelope import Fact
from agentproxy.events.plan import WorkerSteered
from agentproxy.events.work import WorkerEnded, WorkerStarted
from agentproxy.evidence.check_context import CheckContext
from agentproxy.supervisor.brief import write_brief
from agentproxy.supervisor.building import environment_of
from agentproxy.supervisor.effects import Work
from agentproxy.supervisor.llm.loop_detection import LoopDetector
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.loop import Recorder
from agentproxy.supervisor.request_desk import Desk
from agentproxy.supervisor.state import BASE, State
from agentproxy.workers.port import Brief, Worker, WorkerCallbacks
from agentproxy.workspace.environment.job_layout import place_plainly, place_tree
from agentproxy.workspace.files.remove_tree import remove_tree
from agentproxy.workspace.trees.clone import clone_mounts, make_clone

# What running a project's own programs leaves behind is nobody's work, and would be in the claim.
LEAVES_NOTHING = {"PYTHONPYCACHEPREFIX": "/tmp/pycache"}
MAX_REDIRECTS = 3  # times that a worker is told so in one attempt


class Working(Protocol):
    """What is needed of a performer to put a worker to work."""

    run: str
    ground: CheckContext
    worker: Worker
    recorder: Recorder
    desk: Desk
    thinking: SupervisorModel

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
    directory = state.require_order().directory
    if on.ground.sandbox.isolates:
        place = place_tree(
            clone_mounts(on.ground.repository, tree),
            root=on.ground.repository.root,
            directory=directory,
            environment=environment,
        )
        place = replace(place, env={**place.env, **LEAVES_NOTHING})
    else:
        place = place_plainly(tree, directory=directory, environment=environment)
    home = on.ground.folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    again = state.attempts.get(effect.round, 0) > 0
    contexts = await on.thinking.contexts()
    brief = Brief(
        run=on.run,
        round=effect.round,
        text=write_brief(state, directory=directory, contexts=contexts),
        place=place,
        home=home,
        seconds=state.max_time - state.work_seconds,
        again=again,
        past=tuple(state.agent_facts.get(effect.round, ())),
        images=tuple(on.thinking.images),
    )
    actor = f"worker {effect.round}"

    watch = LoopDetector()

    async def record(fact: Fact) -> None:
        await on.recorder.record(fact, actor=actor)
        reason = watch.drift(fact) if watch.told < MAX_REDIRECTS else ""
        if reason:
            await _steer(on, reason)

    started = WorkerStarted(
        round=effect.round,
        worker=on.worker.name,
        again=again,
        grants=tuple(on.worker.grants()),
    )
    await record(started)
    line = WorkerCallbacks(
        ask=on.desk.ask, record=record, show=lambda text: on.show("worker", text)
    )
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


async def _steer(on: Working, reason: str) -> None:
    """Tell a worker that goes astray, and keep that it was told."""
    text = await on.thinking.redirect(reason, on.thinking.state.recent_calls())
    heard = await on.worker.message(text)
    number = on.state.round
    await on.recorder.record(WorkerSteered(round=number, reason=reason, text=text, heard=heard))


async def _tree(ground: CheckContext, state: State) -> Path:
    """The worker's own clone, made once for the run; a half-made one is made anew."""
    tree = ground.folder / "work" / "tree"
    if tree.exists():
        return tree
    making = tree.with_name("tree.part")
    await asyncio.to_thread(remove_tree, making)
    making.parent.mkdir(parents=True, exist_ok=True)
    await make_clone(
        ground.repository,
        state.require_base().commit,
        making,
        branch="agentproxy",
        inside=ground.sandbox.isolates,
    )
    await asyncio.to_thread(ground.carry, making, state.require_environment())
    making.rename(tree)
    return tree
