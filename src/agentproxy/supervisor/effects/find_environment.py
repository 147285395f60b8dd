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
from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment
from agentproxy.workspace.environment.find_caches import pdm_environment, written_by_tools
from agentproxy.workspace.environment.poetry_and_conda import ask_tools
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.carried import carried_files
from agentproxy.workspace.trees.committed import committed_folders
from agentproxy.workspace.trees.ignored import ignored_files


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
    base = state.require_base()
    written = await _written_by_tools(checks.repository, order.directory, base=base.commit)
    carried, unmatched = await carried_files(checks.repository, contract.carry, base=base.commit)
    wanted = WantedEnvironment(
        commands=tuple(check.command for check in contract.checks),
        folders=contract.folders,
        carry=tuple(dict.fromkeys((*written, *carried))),
        prepare=contract.prepare,
        caches=checks.sandbox.isolates,
        committed=await committed_folders(checks.repository, base.tree),
    )

    async def find(what: WantedEnvironment) -> EnvironmentFound:
        return await asyncio.to_thread(
            find_environment, root, order.directory, environ=checks.environ, wanted=what
        )

    found = await find(wanted)
    asked = await ask_tools(
        root, order.directory, found=found, environ=checks.environ, sandbox=checks.sandbox
    )
    managed = asked.folder or await asyncio.to_thread(pdm_environment, root, written)
    if managed is not None:
        found = await find(replace(wanted, managed=managed))
    notes = (*found.notes, *([asked.note] if asked.note else []), *unmatched)
    found = found.model_copy(update={"env": {**found.env, **dict(asked.env)}, "notes": notes})
    return [await asyncio.to_thread(with_missing, found, state=state, root=root)]


async def _written_by_tools(repository: Repository, directory: str, *, base: str) -> list[str]:
    found = await asyncio.to_thread(written_by_tools, repository.root, directory)
    return sorted(await ignored_files(repository, found, base=base))
