"""Keeps the files that the worker left, as a tree."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import ClaimRecorded
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.trees.claim import record_claim


@dataclass(frozen=True, slots=True)
class RecordClaim:
    """Keep the claim of a round."""

    round: int


@SUPERVISED.fold(ClaimRecorded)
def fold_claim(state: State, fact: ClaimRecorded) -> None:
    """Take in the claim."""
    state.claims[fact.round] = fact


@SUPERVISED.due_at(Stage.WORK)
def claim_due(state: State) -> Mapping[str, RecordClaim]:
    """Due when the round is worked on."""
    number = state.round
    if number not in state.work or number in state.claims:
        return {}
    return {f"claim:{number}": RecordClaim(number)}


@SUPERVISED.handles(RecordClaim)
async def keep_claim(effect: RecordClaim, context: Context[State, Parts]) -> Sequence[Fact]:
    """Write the worker's files as a tree, in the sandbox."""
    checks = context.parts.checks
    scratch = checks.folder / "claim"
    await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    claim = await record_claim(
        checks.repository,
        checks.folder / "work" / "tree",
        base=context.state.require_base(),
        run=context.parts.run,
        round=effect.round,
        sandbox=checks.sandbox,
        scratch=scratch,
    )
    return [claim]
