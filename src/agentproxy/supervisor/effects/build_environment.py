"""Builds the environment that a tree asks for and the user does not have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.check import BASE, Tree, claim_tree
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import EnvironmentBuildStarted, EnvironmentBuilt, EnvironmentLost
from agentproxy.evidence.dependency_files import find_dependency_files
from agentproxy.supervisor.environments import build_environment, lost_environments
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class BuildEnvironment:
    tree: Tree


@SUPERVISED.fold(EnvironmentBuilt)
def fold_built(state: State, fact: EnvironmentBuilt) -> None:
    state.built[fact.on] = fact


@SUPERVISED.fold(EnvironmentLost)
def fold_lost(state: State, fact: EnvironmentLost) -> None:
    # The build is due again.
    state.built.pop(fact.on, None)


@SUPERVISED.due_at(Stage.BUILD_BASE)
def base_build_due(state: State) -> Mapping[str, BuildEnvironment]:
    missing = state.require_environment().missing and BASE not in state.built
    return {f"build:{BASE.key}": BuildEnvironment(BASE)} if missing else {}


@SUPERVISED.due_at(Stage.BUILD_CLAIM)
def claim_build_due(state: State) -> Mapping[str, BuildEnvironment]:
    tree = claim_tree(state.round)
    if state.unchanged(state.round) or tree in state.built:
        return {}
    # Only a claim that changes a dependency file may need another environment.
    changes = state.claims[state.round].changes
    asked = set(state.require_environment().asked)
    if find_dependency_files(changes) or any(change.path in asked for change in changes):
        return {f"build:{tree.key}": BuildEnvironment(tree)}
    return {}


@SUPERVISED.handles(
    BuildEnvironment, started=lambda effect: EnvironmentBuildStarted(on=effect.tree)
)
async def build(effect: BuildEnvironment, context: Context[State, Parts]) -> Sequence[Fact]:
    state, checks = context.state, context.parts.checks
    # A claim's environment is built from the base's, which must still be there.
    if effect.tree != BASE and (lost := lost_environments(state, BASE)):
        return lost
    return [await build_environment(effect.tree, state=state, checks=checks, show=context.show)]
