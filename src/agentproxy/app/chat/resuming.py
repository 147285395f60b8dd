"""Finds the conversations that an earlier process left in the middle of their work."""

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.views import read_chat
from agentproxy.app.queries import problem_of
from agentproxy.conversation.face import CHAT
from agentproxy.events.envelope import RunId
from agentproxy.events.run import RunCreated, RunEnded
from agentproxy.journal.port import PAGE_RUNS, JournalUnusable, RunHead, UnknownRun


async def resume_all(host: ChatHost) -> int:
    """Sees to it that every conversation with something to do is woken. Returns how many."""
    woken, before = 0, None
    while heads := await host.app.journal.heads(
        limit=PAGE_RUNS, before=before, face="conversation"
    ):
        before = heads[-1].first.run
        for head in heads:
            if await _has_work(host, head):
                host.at_work.resume(head.first.run)
                woken += 1
    return woken


async def _has_work(host: ChatHost, head: RunHead) -> bool:
    run: RunId = head.first.run
    if problem_of(head):
        return False
    if await host.app.journal.inbox(run):
        return True
    if isinstance(head.last.fact, RunCreated | RunEnded):
        return False
    try:
        # A message may wait behind a turn that has ended, so the last event does not tell.
        view = await read_chat(host.app, run)
    except (UnknownRun, JournalUnusable):
        return False
    view.state.keeps_memory = host.services.settings.enable_memory
    return bool(CHAT.due(view.state))
