"""Who owns the runs that a process makes for conversations."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentproxy.app.chat.children import ChildRuns, Subagents
from agentproxy.app.chat.host import ChatHost, open_host
from agentproxy.app.chat.resuming import resume_all
from agentproxy.app.context import open_app
from agentproxy.app.run_ownership import acquire_run
from agentproxy.conversation.face import CHAT
from agentproxy.engine.recorder import Recorder
from agentproxy.events.agent import ModelAnswered
from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.children import ChildStarted
from agentproxy.events.commands import SendMessage
from agentproxy.events.conversation import AssistantMessage, ToolCall
from agentproxy.events.envelope import Draft, Fact, RunId
from agentproxy.events.run import ChatOrder, ChildOrder
from agentproxy.journal.port import Lease, UnknownRun
from agentproxy.journal.sqlite.journal import SqliteJournal
from agentproxy.tools.team.roster import child_run


def hosted(folder: Path, story: Callable[[ChatHost], Awaitable[None]]) -> None:
    async def inside() -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AGENTPROXY_HOME": str(folder / "home"),
        }
        async with open_app(environ, folder, serves=True) as app:
            host = await open_host(await app.project(folder))
            try:
                await story(host)
            finally:
                await host.close()

    asyncio.run(inside())


def test_a_run_whose_making_is_cancelled_can_be_deleted(tmp_path: Path) -> None:
    async def story(host: ChatHost) -> None:
        made = 0
        for number in range(40):
            run = RunId(f"{number:012x}")
            order = ChatOrder(model="m", workspace=str(tmp_path / "w"))
            task = asyncio.create_task(host.create(order, run))
            for _ in range(1 + number % 20):
                await asyncio.sleep(0)
            if number % 2:
                await asyncio.sleep(0.0001 * number)
            for _ in range(2):
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait([task])
            try:
                await host.app.journal.lease(run)
            except UnknownRun:
                continue
            made += 1
            await host.delete(run)
        assert made

    hosted(tmp_path, story)


def test_a_conversation_knows_of_a_subagent_before_its_run_is_made(tmp_path: Path) -> None:
    async def story(host: ChatHost) -> None:
        run = await host.create(ChatOrder(model="m", workspace=str(tmp_path / "w")), RunId("k7f2"))
        lease = await acquire_run(host.app, run)
        state = CHAT.replay(await host.app.journal.read(run))

        async def append(drafts: Any, taken: Any) -> Any:
            return await host.app.journal.append(lease, drafts, taken=taken)

        async def create(_order: ChildOrder, child: RunId, *, parent: str = "") -> RunId:
            raise OSError(f"no room for {child} of {parent}")

        recorder = Recorder(state, append, reduce=CHAT.reduce)
        stub: Any = SimpleNamespace(services=host.services, create=create)
        with pytest.raises(OSError, match="no room"):
            await Subagents(ChildRuns(run, recorder, stub)).run(
                "1", "explore", title="Look", prompt="Look around"
            )
        (child,) = state.children
        told = (await host.app.journal.read(run))[-1].fact
        assert told == ChildStarted(child=child, role="subagent", name="explore", task="Look")
        await host.app.journal.release(lease)
        await host.delete(run)
        with pytest.raises(UnknownRun):
            await host.app.journal.lease(run)

    hosted(tmp_path, story)


def test_what_a_killed_process_left_of_a_cancelled_subagent_is_ended(tmp_path: Path) -> None:
    place = str(tmp_path / "w")

    async def story(host: ChatHost) -> None:
        top = RunId("0123456789ab")
        middle, lowest = child_run(top, "call"), child_run(child_run(top, "call"), "call")
        asked = child_run(top, "other")
        call = AssistantMessage(parts=(ToolCall(id="call", name="task"),))

        async def write(run: RunId, *facts: Fact) -> None:
            lease = await acquire_run(host.app, run)
            await host.app.journal.append(
                lease, [Draft(actor="agent", fact=each) for each in facts]
            )
            await host.app.journal.release(lease)

        def order(name: str, depth: int) -> ChildOrder:
            return ChildOrder(
                model="m", workspace=place, root=top, role="subagent", name=name, task="t",
                depth=depth,
            )  # fmt: skip

        await host.create(ChatOrder(model="m", workspace=place), top)
        for run, depth in ((middle, 1), (lowest, 2), (asked, 1)):
            await host.create(order("general", depth), run, parent=top)
        begun = UserTurnStarted(message="task", text="t")
        await write(
            top,
            UserTurnStarted(message="1", text="Go"),
            ModelAnswered(turn=1, message=call, stop="tools"),
            ChildStarted(child=middle, role="subagent", name="general", task="t"),
            UserTurnEnded(ending="cancelled"),
        )
        started = ChildStarted(child=lowest, role="subagent", name="general", task="t")
        await write(middle, begun, ModelAnswered(turn=1, message=call, stop="tools"), started)
        await write(lowest, begun)
        await write(asked, begun)

        async def ended(run: RunId) -> bool:
            return (await host.app.journal.head(run)).last.fact == UserTurnEnded(ending="cancelled")

        await resume_all(host)
        async with asyncio.timeout(30):
            while not (await ended(middle) and await ended(lowest)):
                await asyncio.sleep(0.01)
        # One that is no child of anybody's is left alone.
        assert not await ended(asked)
        before = (await host.app.journal.head(lowest)).last.seq
        await resume_all(host)
        assert (await host.app.journal.head(lowest)).last.seq == before

    hosted(tmp_path, story)


class Busy(SqliteJournal):
    """Somebody else stores a message while a lease is looked up."""

    wake: Callable[[RunId], None]

    async def lease(self, run: RunId) -> Lease:
        found = await super().lease(run)
        self.wake(run)
        return found


def test_work_that_a_deletion_ends_before_it_begins_leaves_nothing(tmp_path: Path) -> None:
    async def story(usual: ChatHost) -> None:
        journal = Busy(tmp_path / "busy.db")
        host = ChatHost(replace(usual.services, app=replace(usual.app, journal=journal)))
        journal.wake = host.wake
        run = RunId("0" * 12)
        await host.create(ChatOrder(model="m", workspace=str(tmp_path / "w")), run)
        host.at_work.expect(run, SendMessage(text="And then"))
        await host.delete(run)
        assert host.at_work.runs == set()
        assert host.active == 0
        await journal.close()

    hosted(tmp_path, story)


def test_a_message_to_a_conversation_that_is_being_deleted_takes_no_place(tmp_path: Path) -> None:
    async def story(host: ChatHost) -> None:
        stored = 0
        for number in range(40):
            run = RunId(f"{number:012x}")
            await host.create(ChatOrder(model="m", workspace=str(tmp_path / "w")), run)
            deleting = asyncio.create_task(host.delete(run))
            # It comes at any moment of what the deletion does.
            await asyncio.sleep(0.0002 * number)
            try:
                await host.order(run, SendMessage(text="And then"))
                stored += 1
            except UnknownRun:
                pass
            await deleting
            assert host.at_work.runs == set()
        assert stored

    hosted(tmp_path, story)
