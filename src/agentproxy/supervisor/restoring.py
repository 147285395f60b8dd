"""Puts the base's tests and settings in place of those that a claim changes."""

from agentproxy.events.git_facts import TestsRestored
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.integrity import settings_changed
from agentproxy.supervisor.effects import RestoreTests
from agentproxy.supervisor.state import State
from agentproxy.workspace.trees.restored import restore_files


async def restore_tests(
    effect: RestoreTests, *, state: State, ground: CheckContext, run: str
) -> TestsRestored:
    """The claim of a round with the base's own tests, kept under a ref of ours."""
    commit, tree, files = await restore_files(
        ground.repository,
        effect.paths,
        base=state.require_base().commit,
        claim=state.claims[effect.round].commit,
        ref=f"refs/agentproxy/{run}/claim-{effect.round}-with-base-tests",
        decides=settings_changed,
    )
    return TestsRestored(round=effect.round, commit=commit, tree=tree, files=files)
