"""Finds what an earlier process left in the middle: turns, sessions, agents."""

import time

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.loading import load_chat
from agentproxy.app.chat.views import read_chat
from agentproxy.app.queries import problem_of
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.memory import wanted_at_the_end
from agentproxy.conversation.state import Chat
from agentproxy.events.commands import CancelTurn
from agentproxy.events.envelope import RunId
from agentproxy.events.run import RunCreated, RunEnded
from agentproxy.journal.port import PAGE_RUNS, JournalUnusable, RunHead, UnknownRun
from agentproxy.tools.port import call_key
from agentproxy.tools.team.roster import child_run

# Of a session that is older nobody expects notes any more, and each asks a model.
NOTED_WITHIN = 24 * 3600.0  # seconds


async def resume_all(host: ChatHost) -> int:
    """Sees to it that every conversation with something to do is woken. Returns how many."""
    woken, before = 0, None
    while heads := await host.app.journal.heads(
        limit=PAGE_RUNS, before=before, face="conversation"
    ):
        before = heads[-1].first.run
        for head in heads:
            woken += await _resume(host, head)
    return woken


async def _resume(host: ChatHost, head: RunHead) -> bool:
    run: RunId = head.first.run
    if problem_of(head):
        return False
    waits = bool(await host.app.journal.inbox(run))
    if not waits and isinstance(head.last.fact, RunCreated | RunEnded):
        return False
    try:
        # A message may wait behind a turn that has ended, so the last event does not tell.
        state = (await read_chat(host.app, run)).state
        state.keeps_memory = host.services.remembers(state.require_order())
        await _end_what_nobody_awaits(host, run, state)
    except (UnknownRun, JournalUnusable):
        return False
    if waits or CHAT.due(state):
        host.at_work.resume(run)
        return True
    if wanted_at_the_end(state) and time.time() - head.last.time < NOTED_WITHIN:
        # Its session was cut off. It ends, unless its client comes back in time.
        host.come_back_to(run)
        return True
    return False


async def _end_what_nobody_awaits(host: ChatHost, run: RunId, state: Chat) -> None:
    """Cancels subagents whose call is over: a kill came between its end and their command."""
    awaited = {child_run(run, call_key(state.turn, call)) for call in state.open}
    for child in state.children.values():
        if child.role != "subagent" or child.ended or child.run in awaited:
            continue
        try:
            its = await load_chat(host.app, RunId(child.run))
        except UnknownRun:
            continue  # it was never made
        if its.active or its.dialogue.messages:
            await host.submit(RunId(child.run), CancelTurn())
            its.open.clear()
        await _end_what_nobody_awaits(host, RunId(child.run), its)
