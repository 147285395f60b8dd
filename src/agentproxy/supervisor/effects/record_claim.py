"""Records the files that the worker left, as a tree."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import ClaimRecorded
from agentproxy.files.remove_tree import remove_tree
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workers.known.table import kept_apart
from agentproxy.workspace.trees.claim import ClaimBounds, ClaimKey, record_claim


@dataclass(frozen=True, slots=True)
class RecordClaim:
    round: int


@SUPERVISED.fold(ClaimRecorded)
def fold_claim(state: State, fact: ClaimRecorded) -> None:
    state.claims[fact.round] = fact


@SUPERVISED.due_at(Stage.WORK)
def claim_due(state: State) -> Mapping[str, RecordClaim]:
    number = state.round
    if number not in state.work or number in state.claims:
        return {}
    return {f"claim:{number}": RecordClaim(number)}


@SUPERVISED.handles(RecordClaim)
async def keep_claim(effect: RecordClaim, context: Context[State, Parts]) -> Sequence[Fact]:
    checks = context.parts.checks
    scratch = checks.folder / "claim"
    await asyncio.to_thread(remove_tree, scratch)
    scratch.mkdir(parents=True)
    claim = await record_claim(
        checks.repository,
        checks.folder / "work" / "tree",
        base=context.state.require_base(),
        key=ClaimKey(context.parts.run, effect.round),
        sandbox=checks.sandbox,
        scratch=scratch,
        bounds=ClaimBounds(kept_apart=kept_apart()),
    )
    return [claim]
