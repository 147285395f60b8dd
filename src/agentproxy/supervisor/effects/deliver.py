"""Delivers the branch or the patch of a verified claim, and the review packet."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.check import claim_tree
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import Delivered
from agentproxy.evidence.environment_faults import describe_environments
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.packet import write_packet
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.environment.fingerprint import changed_since
from agentproxy.workspace.trees.deliver import deliver

MAX_SUBJECT_CHARACTERS = 72


@dataclass(frozen=True, slots=True)
class Deliver:
    """Deliver the result."""


@SUPERVISED.fold(Delivered)
def fold_delivered(state: State, fact: Delivered) -> None:
    state.delivered = fact


@SUPERVISED.due_at(Stage.DELIVERY)
def delivery_due(state: State) -> Mapping[str, Deliver]:
    return {} if state.delivered else {"deliver": Deliver()}


@SUPERVISED.handles(Deliver)
async def give_result(_effect: Deliver, context: Context[State, Parts]) -> Sequence[Fact]:
    state, parts, number = context.state, context.parts, context.state.round
    claim = state.claims[number]
    # Only a verified claim gets a branch. `pa apply` finds the others under refs/agentproxy.
    delivered = Delivered()
    if state.judged[number].verdict == "verified":
        delivered = await _branch(state, parts)
    drift = await asyncio.to_thread(changed_since, state.require_environment())
    built = describe_environments(state.built_for(claim_tree(number)), claim.changes)
    delivered = delivered.model_copy(update={"notes": (*delivered.notes, *drift, *built)})
    packet = parts.checks.folder / "packet.md"
    text = write_packet(state, delivered, run=parts.run)
    await asyncio.to_thread(packet.write_text, text)
    return [delivered.model_copy(update={"packet": str(packet)})]


async def _branch(state: State, parts: Parts) -> Delivered:
    claim = state.claims[state.round]
    subject = " ".join(state.require_order().task.split())[:MAX_SUBJECT_CHARACTERS]
    proof = f"Agent Proxy, run {parts.run}, evidence {state.judged[state.round].bundle}"
    return await deliver(
        parts.checks.repository,
        parts.run,
        base=state.require_base(),
        claim=claim,
        message=f"{subject}\n\nVerified by {proof}\n",
        apart=f"{subject}\n\nProven together with uncommitted changes that are not in this "
        f"branch, in the tree {claim.tree}, by {proof}\n",
        folder=parts.checks.folder,
    )
