"""Reads the changed files of a claim for what speaks against it, while its checks run."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.trials import ClaimExamined
from agentproxy.evidence.doubts.look import Look, look_for_doubts, read_sources_apart
from agentproxy.supervisor.changed_files import MAX_PARSED_BYTES
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.trees.variants import read_versions


@dataclass(frozen=True, slots=True)
class ExamineClaim:
    round: int


@SUPERVISED.fold(ClaimExamined)
def fold_examined(state: State, fact: ClaimExamined) -> None:
    state.examined[fact.round] = fact


@SUPERVISED.due_at(Stage.CHECKS)
def examination_due(state: State) -> Mapping[str, ExamineClaim]:
    number = state.round
    if number in state.examined or state.unchanged(number):
        return {}
    return {f"examine:{number}": ExamineClaim(number)}


@SUPERVISED.handles(ExamineClaim)
async def examine(effect: ExamineClaim, context: Context[State, Parts]) -> Sequence[Fact]:
    state, number = context.state, effect.round
    repository = context.parts.checks.repository
    base, claim = state.require_base().commit, state.claims[number].commit
    changes = state.claims[number].changes
    paths = [each.path for each in changes]
    versions = await read_versions(repository, paths, base=base, claim=claim, most=MAX_PARSED_BYTES)
    look = Look(
        task=state.require_contract().task,
        base=base,
        claim=claim,
        changes=changes,
        versions=versions,
        whole=not state.has_more_parts,
        sources=await asyncio.to_thread(read_sources_apart, versions),
    )
    return [ClaimExamined(round=number, doubts=await look_for_doubts(repository, look))]
