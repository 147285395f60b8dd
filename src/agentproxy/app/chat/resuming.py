"""Finds the conversations that an earlier process left in the middle of a turn."""

from agentproxy.app.chat.host import ChatHost
from agentproxy.events.chat import FeatureChanged, UserTurnEnded
from agentproxy.events.run import RunCreated, RunEnded
from agentproxy.journal.port import PAGE_RUNS

RESTING = (UserTurnEnded, RunCreated, RunEnded, FeatureChanged)


async def resume_all(host: ChatHost) -> int:
    """Wakes every conversation that did not end its turn. Returns how many."""
    woken, before = 0, None
    while heads := await host.app.journal.heads(
        limit=PAGE_RUNS, before=before, face="conversation"
    ):
        before = heads[-1].first.run
        for head in heads:
            waits = bool(await host.app.journal.inbox(before))
            at_rest = isinstance(head.last.fact, RESTING)
            if waits or not at_rest:
                host.wake(head.first.run)
                woken += 1
    return woken
