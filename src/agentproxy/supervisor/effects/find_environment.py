"""Finds the user's tools, and what the project asks for and the user does not have."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.supervisor.environments import with_missing
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.environment.discover import Wanted, find_environment
from agentproxy.workspace.environment.poetry_and_conda import ask_tools
from agentproxy.workspace.trees.committed import committed_folders


@dataclass(frozen=True, slots=True)
class FindEnvironment:
    """Find the user's tools."""


@SUPERVISED.fold(EnvironmentFound)
def fold_environment(state: State, fact: EnvironmentFound) -> None:
    state.environment = fact


@SUPERVISED.due_at(Stage.ENVIRONMENT)
def environment_due(state: State) -> Mapping[str, FindEnvironment]:
    # What was found holds for the whole run.
    return {} if state.environment else {"environment": FindEnvironment()}


@SUPERVISED.handles(FindEnvironment)
async def look_for_environment(
    _effect: FindEnvironment, context: Context[State, Parts]
) -> Sequence[Fact]:
    state, checks = context.state, context.parts.checks
    order, contract, root = state.require_order(), state.require_contract(), checks.repository.root
    wanted = Wanted(
        commands=tuple(check.command for check in contract.checks),
        folders=contract.folders,
        carry=contract.carry,
        prepare=contract.prepare,
        committed=await committed_folders(checks.repository, state.require_base().tree),
    )

    async def find(what: Wanted) -> EnvironmentFound:
        return await asyncio.to_thread(
            find_environment, root, order.directory, environ=checks.environ, wanted=what
        )

    found = await find(wanted)
    asked = await ask_tools(
        root, order.directory, found=found, environ=checks.environ, sandbox=checks.sandbox
    )
    if asked.folder is not None:
        found = await find(replace(wanted, managed=asked.folder))
    notes = (*found.notes, *([asked.note] if asked.note else []))
    found = found.model_copy(update={"env": {**found.env, **dict(asked.env)}, "notes": notes})
    return [await asyncio.to_thread(with_missing, found, state=state, root=root)]
