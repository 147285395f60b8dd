"""Keeps the conversations of this process at work while somebody needs them."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy import __version__
from agentproxy.app.chat.at_work import AtWork
from agentproxy.app.chat.bench import ToolPlaces
from agentproxy.app.chat.drive import Departures, Patience, drive_chat
from agentproxy.app.chat.loading import load_chat
from agentproxy.app.chat.root_run import RootRun
from agentproxy.app.chat.services import ChatServices
from agentproxy.app.chat.toolbox import OUR_NAMES
from agentproxy.app.chat.workspaces import Workspaces, make_shared
from agentproxy.app.context import App, Project
from agentproxy.app.following import NOBODY, Unfinished, followed
from agentproxy.app.holders import StillOwned, new_holder
from agentproxy.app.mcp.servers import open_servers
from agentproxy.app.run_ownership import acquire_run, released_after
from agentproxy.engine.bell import Bell
from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.events.run import FaceRequest, RunCreated
from agentproxy.journal.port import JournalError, Lease, LeaseTaken, UnknownRun
from agentproxy.tools.custom.packages import installed_tools
from agentproxy.workspace.sandbox.copies import discard
from agentproxy.workspace.sandbox.port import Sandbox

LOG = logging.getLogger(__name__)
# So many conversations are loaded at once. With more, those that stream would wait for all of them.
# With fewer, the last one of a thousand would wait long: loading is mostly a wait for the disk.
LOADED_AT_ONCE = 40


@dataclass(eq=False, slots=True)
class _Live:
    """The work on one conversation. `again` asks it to look once more before it ends."""

    task: "asyncio.Task[None] | None" = None
    again: bool = False
    departures: Departures = field(default_factory=Departures)


@dataclass(eq=False, slots=True)
class _Clients:
    """The sockets of one conversation. `gone` is set when it is deleted."""

    number: int = 0
    gone: Bell = field(default_factory=Bell)


class _Place:
    """A place among those that are loaded at once. It may be left before its block ends."""

    __slots__ = ("_has", "_places")

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._has = False

    async def __aenter__(self) -> "_Place":
        await self._places.acquire()
        self._has = True
        return self

    async def __aexit__(self, *error: object) -> None:
        self.leave()

    def leave(self) -> None:
        if self._has:
            self._has = False
            self._places.release()


@dataclass
class ChatHost:
    """Creates conversations and works on them. One event loop uses it."""

    services: ChatServices
    _clients: dict[RunId, _Clients] = field(default_factory=dict[RunId, _Clients])
    _live: dict[RunId, _Live] = field(default_factory=dict[RunId, _Live])
    # When the last client of a loaded conversation left, on the monotonic clock.
    _left: dict[RunId, float] = field(default_factory=dict[RunId, float])
    # The loaded conversations: the agents that work for one are paid there.
    roots: dict[RunId, RootRun] = field(default_factory=dict[RunId, RootRun])
    _going: set[RunId] = field(default_factory=set[RunId])  # they are being deleted
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOADED_AT_ONCE))
    _closed: bool = False
    at_work: AtWork = field(init=False)

    def __post_init__(self) -> None:
        self.at_work = AtWork(self.services.settings.max_active_conversations, self.wake)

    @property
    def app(self) -> App:
        return self.services.app

    @property
    def active(self) -> int:
        """How many conversations are loaded."""
        return len(self._live)

    async def warm_up(self) -> None:
        """Loads the library of the model's vendor, so that the first message need not wait."""
        await asyncio.to_thread(self.services.load_model)

    async def create(self, order: FaceRequest, run: RunId, *, parent: str = "") -> RunId:
        """Creates a conversation. Nothing works on it before its first message."""
        draft = Draft(
            actor="human", fact=RunCreated(request=order, parent=parent, product=__version__)
        )
        lease = await self._owned(self.app.journal.create(run, draft, new_holder()))
        async with released_after(self.app, lease):
            return run

    async def submit(self, run: RunId, command: Command) -> CommandId:
        """Stores a command and sees to it that it is followed. Raises UnknownRun."""
        number = await self.app.journal.submit(run, command)
        self.wake(run)
        return number

    async def order(self, run: RunId, command: Command) -> CommandId:
        """Submits a command of a client. Raises UnknownRun, and TooManyAtWork: it is not stored."""
        self.at_work.expect(run, command)
        try:
            number = await self.app.journal.submit(run, command)
        except BaseException:
            if run not in self._live:
                self.at_work.end(run)
            raise
        self.wake(run)
        return number

    def wake(self, run: RunId) -> None:
        """Works on a conversation, if this process does not do so already."""
        if self._closed or run in self._going:
            return
        if (live := self._live.get(run)) is not None:
            live.again = True
            return
        live = self._live[run] = _Live()
        live.task = asyncio.create_task(self._host(run, live), name=f"chat {run}")

    def go_on(self, run: RunId) -> None:
        """Works on a conversation whose client has come back, unless it waits for a place."""
        if not self.at_work.is_waiting(run):
            self.wake(run)

    def come_back_to(self, run: RunId) -> None:
        """Works on a conversation as if its last client had left just now."""
        self._left[run] = time.monotonic()
        self.wake(run)

    def attend(self, run: RunId, workspace: Path) -> AbstractAsyncContextManager[Bell]:
        """Keeps the conversation loaded while a client is there. Gives what its end is told by.

        `workspace` is its own.
        """
        return _Attendance(self, run, workspace)

    def come(self, run: RunId) -> _Clients:
        """Counts a client. Who comes departs again."""
        clients = self._clients.setdefault(run, _Clients())
        clients.number += 1
        return clients

    def depart(self, run: RunId, clients: _Clients) -> None:
        clients.number -= 1
        if not clients.number and self._clients.get(run) is clients:
            del self._clients[run]
            if (live := self._live.get(run)) is not None:
                self._left[run] = time.monotonic()
                live.departures.tell()

    def clients(self, run: RunId) -> int:
        """Returns how many clients follow a conversation."""
        return self._clients[run].number if run in self._clients else 0

    async def delete(self, run: RunId) -> None:
        """Ends a conversation at once, and removes what is stored of it.

        Raises UnknownRun; StillOwned, LeaseTaken where another process works on it.
        """
        await self.app.journal.lease(run)
        # A message that comes meanwhile must not take the run again.
        self._going.add(run)
        try:
            await self._delete(run)
        finally:
            self._going.discard(run)
            # It is still there if that failed.
            if run in self._clients:
                self.wake(run)
            # A message that came meanwhile had a place.
            if run not in self._live:
                self.at_work.end(run)

    async def _delete(self, run: RunId) -> None:
        live = self._live.get(run)
        if live is not None and live.task is not None:
            live.task.cancel()
            await asyncio.wait({live.task})
            # One that is cancelled before its first step does not come to its own end.
            self._let_off(run, live)
        lease = await self._acquire(run)
        for child in (await load_chat(self.app, run)).children:
            with suppress(UnknownRun):
                await self.delete(RunId(child))
        await self.app.journal.forget(lease)
        if (clients := self._clients.pop(run, None)) is not None:
            clients.gone.set()
        await asyncio.to_thread(discard, self.app.folder(run))

    async def close(self) -> None:
        """Lets all conversations go. What is under way continues with the next start."""
        self._closed = True
        tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self.services.mcp.close()
        await self.services.workspaces.close()
        await self.services.lines.close()

    async def _host(self, run: RunId, live: _Live) -> None:
        try:
            while not self._closed:
                live.again = False
                async with _Place(self._places) as place:
                    lease = await self._acquire(run)
                    async with released_after(self.app, lease):
                        await self._drive(run, lease, place)
                # A command that came while the conversation was let go waits in the inbox.
                waits = bool(await self.app.journal.inbox(run))
                if not waits and not live.again:
                    break
        except (StillOwned, LeaseTaken) as error:
            LOG.info("conversation %s: %s", run, error)
        except UnknownRun:
            pass
        except JournalError as error:
            LOG.error("conversation %s: %s", run, error)  # noqa: TRY400 - no defect of ours
        except Exception:
            LOG.exception("conversation %s stopped", run)
        finally:
            self._let_off(run, live)

    def _let_off(self, run: RunId, live: _Live) -> None:
        """Nobody works on the conversation any more."""
        if self._live.get(run) is live:
            del self._live[run]
            self._left.pop(run, None)
            self.at_work.end(run)

    async def _acquire(self, run: RunId) -> Lease:
        return await self._owned(acquire_run(self.app, run))

    async def _owned(self, taking: Awaitable[Lease]) -> Lease:
        # An accepted write is done although its caller is cancelled: then the run is ours for good.
        task = asyncio.ensure_future(taking)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await finish_though_cancelled(self._let_go(task))
            raise

    async def _let_go(self, taking: Awaitable[Lease]) -> None:
        with suppress(StillOwned, JournalError):
            async with released_after(self.app, await taking):
                pass

    async def _drive(self, run: RunId, lease: Lease, place: _Place) -> None:
        loaded = time.monotonic()
        unfinished = Unfinished()
        safe = self.services.safe_tools
        note = None if self.app.follower is NOBODY else unfinished.note
        state = await load_chat(self.app, run, safe=safe, note=note)
        if state.order is None:
            raise UnknownRun(f"run {run} is no conversation")
        workspace = Path(state.order.workspace)
        patience = Patience(
            # One that no client of this process has left need not wait for one.
            idle=lambda: self._time_left(run, self._left.get(run, -math.inf)),
            session=lambda: self._time_left(run, self._left.get(run, loaded)),
            departures=self._live[run].departures,
        )
        async with self.services.workspaces.used(workspace):
            followers = followed(self.app.follower, run, unfinished.past)
            with self.app.hub.open(run) as fragments, followers:
                try:
                    await drive_chat(
                        self,
                        lease,
                        state,
                        fragments=fragments,
                        patience=patience,
                        loaded=place.leave,
                    )
                finally:
                    if run in self._going and state.active:
                        # It ends with what is removed, so only a follower can be told.
                        end = UserTurnEnded(ending="cancelled")
                        self.app.follower.note(Event(run, 0, time.time(), "human", end))

    def _time_left(self, run: RunId, since: float) -> float:
        """Returns for how many seconds more a client is waited for that is away since then."""
        if self._closed:
            return 0.0
        grace = self.services.settings.session_grace
        return math.inf if run in self._clients else max(0.0, since + grace - time.monotonic())


class _Attendance:
    """A context, during which a client is there."""

    __slots__ = ("_clients", "_host", "_run", "_workspace")

    def __init__(self, host: ChatHost, run: RunId, workspace: Path) -> None:
        self._host = host
        self._run = run
        self._workspace = workspace

    async def __aenter__(self) -> Bell:
        self._clients = self._host.come(self._run)
        try:
            await self._host.services.workspaces.enter(self._workspace, session=True)
        except BaseException:
            self._host.depart(self._run, self._clients)
            raise
        return self._clients.gone

    async def __aexit__(self, *error: object) -> None:
        self._host.services.workspaces.leave(self._workspace, session=True)
        self._host.depart(self._run, self._clients)


async def open_host(project: Project, *, cleans: bool = False) -> ChatHost:
    """Returns the host of a project's conversations. Only one that `cleans` empties workspaces.

    Raises SandboxError.
    """
    settings = project.app.settings.chat
    sandbox: Sandbox = await project.app.sandbox(project.settings.sandbox)
    workspaces = Workspaces(
        root=project.directory / settings.workspace_dir,
        delay=settings.workspace_cleanup_delay if cleans else None,
        grace=settings.session_grace,
    )
    if settings.workspace_shared:
        # Where it cannot be made, each turn says so.
        with suppress(OSError):
            await asyncio.to_thread(make_shared, workspaces.root)
    mcp = await asyncio.to_thread(open_servers, project, sandbox)
    mcp.start()
    packaged = await asyncio.to_thread(installed_tools, OUR_NAMES)
    services = ChatServices(
        app=project.app,
        project=project,
        settings=settings,
        sandbox=sandbox,
        tools=ToolPlaces(project.app.environ),
        mcp=mcp,
        packaged=packaged,
        workspaces=workspaces,
    )
    return ChatHost(services)
