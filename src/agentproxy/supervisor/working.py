"""Runs the worker on a round, in its own clone."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from agentproxy.engine.context import Context
from agentproxy.engine.recorder import SCOPE
from agentproxy.events.check import BASE
from agentproxy.events.envelope import Fact
from agentproxy.events.work import WorkerStarted
from agentproxy.evidence.check_context import CheckContext
from agentproxy.files.remove_tree import remove_tree
from agentproxy.supervisor.brief import write_brief
from agentproxy.supervisor.environments import environment_of, lost_environments
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.planning import PLANNED
from agentproxy.supervisor.state import State
from agentproxy.workers.port import Brief, WorkerCallbacks
from agentproxy.workspace.environment.bytecode import has_bytecode
from agentproxy.workspace.environment.job_layout import (
    INSIDE_HOME,
    JobLayout,
    place_plainly,
    place_tree,
)
from agentproxy.workspace.sandbox.port import IDENTITY
from agentproxy.workspace.trees.clone import clone_mounts, make_clone

FEW_CORES: Final = 2
START_SECONDS: Final = 2.0  # a program that is not up by then waits for something else than a core

# It lives as long as the worker's HOME. Python looks for bytecode nowhere else then: the first
# start would compile every installed package that has been compiled long ago.
BYTECODE_OUTSIDE = {"PYTHONPYCACHEPREFIX": f"{INSIDE_HOME}/.cache/pycache"}
# What git ignores by default. A worker would add the bytecode of the tree to its commits.
IGNORED_IN_GIT = "__pycache__/\n"


async def put_to_work(number: int, context: Context[State, Parts]) -> Sequence[Fact]:
    state, parts = context.state, context.parts
    if lost := lost_environments(state, BASE):
        return lost
    layout = await _layout(parts.checks, state)
    home = parts.checks.folder / "home"
    await asyncio.to_thread(_make_home, home)
    past = tuple(state.agent_facts.get(number, ()))
    directory = state.require_order().directory
    brief = Brief(
        run=parts.run,
        round=number,
        text=write_brief(
            state,
            directory=directory,
            claims_by=parts.worker.claims_by,
            contexts=await parts.model.contexts(),
        ),
        place=layout,
        home=home,
        seconds=state.ceilings.max_time - state.ceilings.work_seconds,
        again=state.attempts.get(number, 0) > 0,
        past=past,
        images=tuple(parts.model.images),
        session=state.session,
        session_usd=state.session_usd,
        joining=parts.joining(SCOPE.get().effect),
    )
    goes_on = bool(past) and parts.worker.goes_on_from_facts
    started = WorkerStarted(
        round=number,
        worker=parts.worker.name,
        again=brief.again,
        grants=(*parts.worker.grants(), *brief.joining.grants),
        # A worker that continues from its own record does not get the brief again.
        messages=() if goes_on else tuple(state.dialogue.messages),
    )
    await context.record(started)
    callbacks = WorkerCallbacks(
        ask=parts.desk.ask,
        record=context.record,
        show=lambda text: context.show("worker", text),
    )
    paid = state.worker_usd
    ended = await parts.worker.work(brief, callbacks)
    if ended.said_usd is not None:
        ended = ended.model_copy(update={"paid_usd": round(state.worker_usd - paid, 6)})
    return [ended]


async def until_worker_is_up(context: Context[State, Parts]) -> None:
    """On few cores, lets the worker's program start before anything runs beside it.

    Both at once would take as long as one after the other. Once it is up, it waits for its model,
    and leaves the cores to others.
    """
    parts = context.parts
    if parts.jobs > FEW_CORES or not parts.worker.opens_session:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            await context.until(_is_up)


def _is_up(state: State) -> bool:
    return bool(state.session) or state.round in state.work


def _make_home(home: Path) -> None:
    if not home.exists():
        home.mkdir(parents=True)
        # The tests that a worker runs make repositories, as they do in a check.
        (home / ".gitconfig").write_text(IDENTITY)
        (home / ".config" / "git").mkdir(parents=True)
        (home / ".config" / "git" / "ignore").write_text(IGNORED_IN_GIT)


async def _layout(checks: CheckContext, state: State) -> JobLayout:
    tree = await _worker_clone(checks, state)
    environment = environment_of(BASE, state=state)
    directory = state.require_order().directory
    # Without isolation, the clone cannot appear at the user's path.
    if not checks.sandbox.isolates:
        return place_plainly(tree, directory=directory, environment=environment)
    layout = place_tree(
        clone_mounts(checks.repository, tree),
        root=checks.repository.root,
        directory=directory,
        environment=environment,
    )
    # Where nothing is written the folder would stay empty.
    if "PYTHONDONTWRITEBYTECODE" in layout.env or await asyncio.to_thread(
        has_bytecode, environment.path
    ):
        return layout
    return replace(layout, env={**layout.env, **BYTECODE_OUTSIDE})


async def _worker_clone(checks: CheckContext, state: State) -> Path:
    tree = checks.folder / "work" / "tree"
    if tree.exists():
        return tree
    # The clone gets its name when it is complete. A half-made clone is made anew.
    making = tree.with_name("tree.part")
    await asyncio.to_thread(remove_tree, making)
    making.parent.mkdir(parents=True, exist_ok=True)
    planned = checks.folder / PLANNED
    if planned.exists():
        # It is complete and clean: since the contract was made from it, nobody has seen it.
        await asyncio.to_thread(planned.rename, making)
    else:
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
