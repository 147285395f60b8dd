"""What the person gets at the end: the branch or the patch, and one page that says it all."""

import asyncio

from agentproxy.events.git_facts import Delivered
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.environment_faults import in_words
from agentproxy.supervisor.packet import write_packet
from agentproxy.supervisor.state import State, claim_name
from agentproxy.workspace.environment.fingerprint import changed_since
from agentproxy.workspace.trees.deliver import deliver

MAX_SUBJECT_CHARACTERS = 72


async def deliver_result(state: State, *, ground: CheckContext, run: str) -> Delivered:
    """Make the branch of a verified claim, and write the packet of any.

    What is not verified gets no branch: its claims stay under refs/agentproxy, where `pa apply`
    finds them.
    """
    number = state.round
    claim = state.claims[number]
    judged = state.judged[number]
    delivered = Delivered()
    if judged.verdict == "verified":
        subject = " ".join(state.require_order().task.split())[:MAX_SUBJECT_CHARACTERS]
        proof = f"Agent Proxy, run {run}, evidence {judged.bundle}"
        delivered = await deliver(
            ground.repository,
            run,
            base=state.require_base(),
            claim=claim,
            message=f"{subject}\n\nVerified by {proof}\n",
            apart=f"{subject}\n\nProven together with uncommitted changes that are not in this "
            f"branch, in the tree {claim.tree}, by {proof}\n",
            folder=ground.folder,
        )
    environment = state.environment
    drift = await asyncio.to_thread(changed_since, environment) if environment else ()
    told = in_words(state.built_for(claim_name(number)), claim.changes)
    notes = (*delivered.notes, *drift, *told)
    delivered = delivered.model_copy(update={"notes": notes})
    packet = ground.folder / "packet.md"
    await asyncio.to_thread(packet.write_text, write_packet(state, delivered, run=run))
    return delivered.model_copy(update={"packet": str(packet)})
