"""Puts the worker to work on a round, in a clone of its own."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agentproxy.engine.context import Context
from agentproxy.events.check import BASE
from agentproxy.events.envelope import Fact
from agentproxy.events.work import WorkerEnded, WorkerStarted
from agentproxy.evidence.check_context import CheckContext
from agentproxy.supervisor.brief import write_brief
from agentproxy.supervisor.environments import environment_of, lost_environments
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.state import State
from agentproxy.workers.port import Brief, WorkerCallbacks
from agentproxy.workspace.environment.job_layout import JobLayout, place_plainly, place_tree
from agentproxy.workspace.trees.clone import clone_mounts, make_clone

# Running a project's own programs leaves these files, and they would be in the claim.
LEAVES_NOTHING = {"PYTHONPYCACHEPREFIX": "/tmp/pycache"}


async def put_to_work(number: int, context: Context[State, Parts]) -> Sequence[Fact]:
    """One attempt at a round, from the brief to the end of the worker."""
    state, parts = context.state, context.parts
    if lost := lost_environments(state, BASE):
        return lost
    layout = await _layout(parts.checks, state)
    home = parts.checks.folder / "home"
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    past = tuple(state.agent_facts.get(number, ()))
    directory = state.require_order().directory
    brief = Brief(
        run=parts.run,
        round=number,
        text=write_brief(state, directory=directory, contexts=await parts.model.contexts()),
        place=layout,
        home=home,
        seconds=state.ceilings.max_time - state.ceilings.work_seconds,
        again=state.attempts.get(number, 0) > 0,
        past=past,
        images=tuple(parts.model.images),
    )
    started = WorkerStarted(
        round=number,
        worker=parts.worker.name,
        again=brief.again,
        grants=tuple(parts.worker.grants()),
        # Whoever goes on from its own past is not given the brief again.
        messages=() if past else tuple(state.dialogue.messages),
    )
    await context.record(started)
    callbacks = WorkerCallbacks(
        ask=parts.desk.ask,
        record=context.record,
        show=lambda text: context.show("worker", text),
    )
    ended = await parts.worker.work(brief, callbacks)
    return [
        WorkerEnded(
            round=number,
            claims=ended.claims,
            reason=ended.reason,
            exit_code=ended.exit_code,
            seconds=ended.seconds,
            output=ended.output,
            out_of_time=ended.out_of_time,
            out_of_money=ended.out_of_money,
        )
    ]


async def _layout(checks: CheckContext, state: State) -> JobLayout:
    """Where the worker works: its clone, at the user's path where the sandbox can do that."""
    tree = await _tree(checks, state)
    environment = environment_of(BASE, state=state)
    directory = state.require_order().directory
    if not checks.sandbox.isolates:
        return place_plainly(tree, directory=directory, environment=environment)
    layout = place_tree(
        clone_mounts(checks.repository, tree),
        root=checks.repository.root,
        directory=directory,
        environment=environment,
    )
    return replace(layout, env={**layout.env, **LEAVES_NOTHING})


async def _tree(checks: CheckContext, state: State) -> Path:
    """The worker's own clone, made once for the run; a half-made one is made anew."""
    tree = checks.folder / "work" / "tree"
    if tree.exists():
        return tree
    making = tree.with_name("tree.part")
    await asyncio.to_thread(shutil.rmtree, making, ignore_errors=True)
    making.parent.mkdir(parents=True, exist_ok=True)
    await make_clone(
        checks.repository,
        state.require_base().commit,
        making,
        branch="agentproxy",
        inside=checks.sandbox.isolates,
    )
    await asyncio.to_thread(checks.carry, making, state.require_environment())
    making.rename(tree)
    return tree
