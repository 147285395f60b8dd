"""Merges a proven claim with where its branch stands now, so that its checks can run there."""

from collections.abc import Sequence

from agentproxy.events.envelope import Fact
from agentproxy.events.merging import TargetMerged
from agentproxy.events.verdict import ChecksWeighed
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import object_id
from agentproxy.workspace.trees.merged import merge_claim


@SUPERVISED.fold(TargetMerged)
def fold_merged(state: State, fact: TargetMerged) -> None:
    state.merged[fact.round] = fact


async def look_at_target(state: State, parts: Parts, weighed: ChecksWeighed) -> Sequence[Fact]:
    """Returns the merge, once for a round that a check proves; nothing where the branch stands
    where it stood. A part of weighing, so that a branch that stays costs no step of the run.
    """
    number, repository, base = weighed.round, parts.checks.repository, state.require_base()
    proven = any(each.finding == "proven" for each in weighed.checks)
    if number in state.merged or weighed.refuted or not proven:
        return []
    # The user may have changed to another branch; the claim is for the one that it began on.
    name = f"refs/heads/{base.branch}" if base.branch else "HEAD"
    target = await object_id(repository, f"{name}^{{commit}}")
    if target in ("", base.head):
        return []
    try:
        merged = await merge_claim(
            repository,
            base=base.commit,
            claim=state.claims[number].commit,
            target=target,
            ref=f"refs/agentproxy/{parts.run}/claim-{number}-merged",
        )
    except GitError:
        return []  # such as objects that a partial clone lacks: nothing speaks against the claim
    if merged is None:
        return []
    return [
        TargetMerged(
            round=number,
            outcome="conflict" if merged.conflicts else "clean",
            target=target,
            target_tree=merged.target_tree,
            commit=merged.commit,
            tree=merged.tree,
            conflicts=merged.conflicts,
        )
    ]
