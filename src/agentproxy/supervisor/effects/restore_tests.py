"""Restores the base's tests and settings that a claim changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import TestsRestored
from agentproxy.evidence.runner_settings import settings_changed
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.trees.restored import restore_files


@dataclass(frozen=True, slots=True)
class RestoreTests:
    round: int
    paths: tuple[str, ...]


@SUPERVISED.fold(TestsRestored)
def fold_restored(state: State, fact: TestsRestored) -> None:
    state.restored[fact.round] = fact


@SUPERVISED.due_at(Stage.OWN_TESTS)
def restore_due(state: State) -> Mapping[str, RestoreTests]:
    number = state.round
    weighed = state.weighed.get(number)
    if number in state.restored or weighed is None or weighed.refuted:
        return {}
    # A proof may rest on tests or settings that the claim itself changed (decision 12).
    paths = tuple(sorted({path for found in weighed.own_tests.values() for path in found}))
    return {f"restore:{number}": RestoreTests(number, paths)} if paths else {}


@SUPERVISED.handles(RestoreTests)
async def restore(effect: RestoreTests, context: Context[State, Parts]) -> Sequence[Fact]:
    state, number = context.state, effect.round
    commit, tree, files = await restore_files(
        context.parts.checks.repository,
        effect.paths,
        base=state.require_base().commit,
        claim=state.claims[number].commit,
        ref=f"refs/agentproxy/{context.parts.run}/claim-{number}-with-base-tests",
        decides=settings_changed,
    )
    return [TestsRestored(round=number, commit=commit, tree=tree, files=files)]
