"""Runs the agents that work for a conversation, each as a run of its own."""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from agentproxy.app.chat.chat_models import Purse
from agentproxy.app.chat.loading import load_chat
from agentproxy.app.chat.services import ChatServices
from agentproxy.conversation.children import told_of
from agentproxy.conversation.kinds import KINDS
from agentproxy.conversation.state import Chat
from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.engine.recorder import Recorder
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.children import ChildEnded, ChildStarted
from agentproxy.events.commands import CancelTurn, Command
from agentproxy.events.envelope import CommandId, RunId
from agentproxy.events.run import ChildOrder
from agentproxy.journal.port import Journal, UnknownRun
from agentproxy.tools.port import ToolOutcome, failure

SILENT = "(subagent returned no text)"


class ChildHost(Protocol):
    """Works on runs in this process."""

    services: ChatServices
    purses: dict[RunId, Purse]  # of the conversations that are loaded

    async def create(self, order: ChildOrder, run: RunId, *, parent: str = "") -> RunId: ...

    def wake(self, run: RunId) -> None: ...

    async def submit(self, run: RunId, command: Command) -> CommandId: ...


def child_run(parent: RunId, key: str) -> RunId:
    """Returns the id of the run that a call makes: the same call makes the same run."""
    return RunId(hashlib.sha256(f"{parent}\n{key}".encode()).hexdigest()[:12])


@dataclass(frozen=True, slots=True)
class Subagents:
    """The subagents of one conversation."""

    run_id: RunId
    recorder: Recorder[Chat]
    host: ChildHost

    async def run(self, key: str, kind: str, *, title: str, prompt: str) -> ToolOutcome:
        """Returns the last text of a subagent. After a kill, the one that was begun goes on."""
        state, child = self.recorder.state, child_run(self.run_id, key)
        await self._make(child, self._order(kind, prompt))
        if child not in state.children:
            await self.recorder.record(
                ChildStarted(child=child, role="subagent", name=kind, task=title)
            )
        self.host.wake(child)
        try:
            end = await self._follow(child)
        except asyncio.CancelledError:
            # A server that stops cancels too: then the turn is active, and goes on later.
            if not state.active:
                with suppress(UnknownRun):
                    await finish_though_cancelled(self.host.submit(child, CancelTurn()))
            raise
        return await self._outcome(child, end)

    @property
    def _journal(self) -> Journal:
        return self.host.services.app.journal

    def _order(self, kind: str, prompt: str) -> ChildOrder:
        order = self.recorder.state.require_order()
        above = order if isinstance(order, ChildOrder) else None
        return ChildOrder(
            model=order.model,
            workspace=order.workspace,
            tracing=order.tracing,
            sandbox=order.sandbox,
            root=above.root if above else self.run_id,
            role="subagent",
            name=kind,
            task=prompt,
            depth=above.depth + 1 if above else 1,
            read_only=KINDS[kind].read_only or bool(above and above.read_only),
        )

    async def _make(self, run: RunId, order: ChildOrder) -> None:
        try:
            await self._journal.lease(run)
        except UnknownRun:
            await self.host.create(order, run, parent=self.run_id)

    async def _follow(self, run: RunId) -> UserTurnEnded:
        child = self.recorder.state.children[run]
        async for event in self._journal.follow(run, after=child.seen):
            if isinstance(event.fact, UserTurnEnded):
                return event.fact
            if facts := told_of(event, child):
                await self.recorder.record(*facts)
        raise UnknownRun(f"the run {run} of a subagent is gone")

    async def _outcome(self, run: RunId, end: UserTurnEnded) -> ToolOutcome:
        first, last = await self._ends(run)
        state = await load_chat(self.host.services.app, run)
        ended = ChildEnded(
            child=run,
            summary=state.last_words,
            usage=state.used,
            tools=self.recorder.state.children[run].tools,
            seconds=round(last - first, 3),
            error=end.error,
        )
        if end.ending != "done" or (end.error and not state.last_words):
            why = end.error or f"its turn was {end.ending}"
            return replace(failure(f"the subagent stopped: {why}"), facts=(ended,))
        return ToolOutcome(state.last_words or SILENT, facts=(ended,))

    async def _ends(self, run: RunId) -> tuple[float, float]:
        head = await self._journal.head(run)
        return head.first.time, head.last.time
