"""Runs the agents that work for a conversation, each as a run of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from agentproxy.app.chat.at_work import AtWork
from agentproxy.app.chat.loading import load_chat
from agentproxy.app.chat.root_run import RootRun
from agentproxy.app.chat.services import ChatServices
from agentproxy.conversation.children import told_of
from agentproxy.conversation.kinds import KINDS
from agentproxy.conversation.parts import ChildGone, keep_awake
from agentproxy.conversation.state import Chat, Child
from agentproxy.conversation.team import asks_teammates
from agentproxy.engine.cancellation import finish_though_cancelled, first_to_end
from agentproxy.engine.recorder import Recorder
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.children import ChildEnded, ChildStarted
from agentproxy.events.commands import CancelTurn, Command
from agentproxy.events.envelope import CommandId, Event, RunId
from agentproxy.events.run import ChildOrder
from agentproxy.journal.port import Journal, UnknownRun
from agentproxy.tools.port import ToolOutcome, failure
from agentproxy.tools.team.roster import child_run

SILENT = "(subagent returned no text)"


class ChildHost(Protocol):
    """Works on runs in this process."""

    services: ChatServices
    roots: dict[RunId, RootRun]  # the conversations of users that are loaded
    at_work: AtWork

    async def create(self, order: ChildOrder, run: RunId, *, parent: str = "") -> RunId: ...

    def wake(self, run: RunId) -> None: ...

    async def submit(self, run: RunId, command: Command) -> CommandId: ...


@dataclass(frozen=True, slots=True)
class ChildRuns:
    """The runs of the agents that work for one conversation."""

    run_id: RunId
    recorder: Recorder[Chat]
    host: ChildHost

    async def begin(self, child: Child) -> None:
        """Makes the run of a teammate, unless it is there, and works on it."""
        state = self.recorder.state
        order = state.require_order().model_copy(
            update={"approval": asks_teammates(state), "plan_mode": False, "system_prompt": ""}
        )
        model = self.host.services.settings.teammate_model or order.model
        fields = order.model_dump(exclude={"face", "budget", "model", "teams"})
        await self.make(
            RunId(child.run),
            ChildOrder(
                **fields,
                model=model,
                root=self.run_id,
                role="teammate",
                name=child.name,
                duty=child.duty,
                task=child.task,
            ),
        )
        self.wake(RunId(child.run))

    async def make(self, run: RunId, order: ChildOrder) -> None:
        try:
            await self._journal.lease(run)
        except UnknownRun:
            await self.host.create(order, run, parent=self.run_id)

    def wake(self, run: RunId) -> None:
        self.host.wake(run)

    async def events(self, run: RunId, *, after: int) -> AsyncIterator[Event]:
        try:
            async for event in self._journal.follow(run, after=after):
                yield event
        except UnknownRun as error:
            raise ChildGone(str(error)) from error

    async def state_of(self, run: RunId) -> Chat:
        try:
            return await load_chat(self.host.services.app, run)
        except UnknownRun as error:
            raise ChildGone(str(error)) from error

    async def submit(self, run: RunId, command: Command) -> None:
        try:
            await self.host.submit(run, command)
        except UnknownRun as error:
            raise ChildGone(str(error)) from error

    async def seconds(self, run: RunId) -> float:
        """Returns for how long a run has worked."""
        head = await self._journal.head(run)
        return round(head.last.time - head.first.time, 3)

    @property
    def _journal(self) -> Journal:
        return self.host.services.app.journal


@dataclass(frozen=True, slots=True)
class Subagents:
    """The subagents of one conversation."""

    runs: ChildRuns

    async def run(self, key: str, kind: str, *, title: str, prompt: str) -> ToolOutcome:
        """Returns the last text of a subagent. After a kill, the one that was begun goes on."""
        recorder = self.runs.recorder
        child = child_run(self.runs.run_id, key)
        if child not in recorder.state.children:
            # First: what is deleted with the conversation is what it knows of.
            await recorder.record(ChildStarted(child=child, role="subagent", name=kind, task=title))
        await self.runs.make(child, self._order(kind, prompt))
        try:
            end = await self._follow(child)
        except asyncio.CancelledError:
            # A server that stops cancels too: then the turn is active, and goes on later.
            if not recorder.state.active:
                with suppress(ChildGone):
                    await finish_though_cancelled(self.runs.submit(child, CancelTurn()))
            raise
        except ChildGone as error:
            return failure(str(error))
        return await self._outcome(child, end)

    def _order(self, kind: str, prompt: str) -> ChildOrder:
        order = self.runs.recorder.state.require_order()
        return ChildOrder(
            model=self.runs.host.services.settings.subagent_model or order.model,
            workspace=order.workspace,
            tracing=order.tracing,
            thinking=order.thinking,
            thinking_effort=order.thinking_effort,
            sandbox=order.sandbox,
            root=self.runs.run_id,
            role="subagent",
            name=kind,
            task=prompt,
            read_only=KINDS[kind].read_only,
        )

    async def _follow(self, run: RunId) -> UserTurnEnded:
        ends: list[UserTurnEnded] = []
        await first_to_end(self._listen(run, ends), keep_awake(run, self.runs))
        return ends[0]

    async def _listen(self, run: RunId, ends: list[UserTurnEnded]) -> None:
        recorder = self.runs.recorder
        child = recorder.state.children[run]
        async for event in self.runs.events(run, after=child.seen):
            if isinstance(event.fact, UserTurnEnded):
                ends.append(event.fact)
                return
            if facts := told_of(event, child):
                await recorder.record(*facts)

    async def _outcome(self, run: RunId, end: UserTurnEnded) -> ToolOutcome:
        state = await self.runs.state_of(run)
        ended = ChildEnded(
            child=run,
            summary=state.last_words,
            usage=state.used,
            tools=self.runs.recorder.state.children[run].tools,
            seconds=await self.runs.seconds(run),
            error=end.error,
        )
        if end.ending != "done" or (end.error and not state.last_words):
            why = end.error or f"its turn was {end.ending}"
            return replace(failure(f"the subagent stopped: {why}"), facts=(ended,))
        return ToolOutcome(state.last_words or SILENT, facts=(ended,))
