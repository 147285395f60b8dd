"""Keeps the conversations of this process at work while somebody needs them."""

import asyncio
import logging
import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from agentproxy import __version__
from agentproxy.app.chat.bench import ToolPlaces
from agentproxy.app.chat.drive import ChatServices, drive_chat
from agentproxy.app.context import App, Project
from agentproxy.app.run_ownership import StillOwned, acquire_run, new_holder, released_after
from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, RunId
from agentproxy.events.run import ChatOrder, RunCreated
from agentproxy.journal.port import JournalError, Lease, UnknownRun
from agentproxy.workspace.sandbox.copies import discard
from agentproxy.workspace.sandbox.port import Sandbox

LOG = logging.getLogger(__name__)


@dataclass
class _Live:
    task: asyncio.Task[None]


@dataclass
class ChatHost:
    """Creates conversations and works on them. One event loop uses it."""

    services: ChatServices
    clients: dict[RunId, int] = field(default_factory=dict[RunId, int])
    _live: dict[RunId, _Live] = field(default_factory=dict[RunId, _Live])
    # When the last client of a loaded conversation left, on the monotonic clock.
    _left: dict[RunId, float] = field(default_factory=dict[RunId, float])
    _closed: bool = False

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

    async def create(self, order: ChatOrder, run: RunId) -> RunId:
        """Creates a conversation. Nothing works on it before its first message."""
        draft = Draft(actor="human", fact=RunCreated(request=order, product=__version__))
        lease = await self.app.journal.create(run, draft, new_holder())
        async with released_after(self.app, lease):
            return run

    async def submit(self, run: RunId, command: Command) -> CommandId:
        """Stores a command and sees to it that it is followed. Raises UnknownRun."""
        number = await self.app.journal.submit(run, command)
        self.wake(run)
        return number

    def wake(self, run: RunId) -> None:
        """Works on a conversation, if this process does not do so already."""
        if not self._closed and run not in self._live:
            self._live[run] = _Live(asyncio.create_task(self._host(run), name=f"chat {run}"))

    @contextmanager
    def attend(self, run: RunId) -> Generator[None]:
        """Keeps the conversation loaded while a client is there."""
        self.clients[run] = self.clients.get(run, 0) + 1
        try:
            yield
        finally:
            self.clients[run] -= 1
            if not self.clients[run]:
                del self.clients[run]
                if run in self._live:
                    self._left[run] = time.monotonic()

    async def delete(self, run: RunId) -> None:
        """Ends a conversation at once, and removes what is stored of it. Raises UnknownRun."""
        await self.app.journal.lease(run)
        live = self._live.pop(run, None)
        if live is not None:
            live.task.cancel()
            await asyncio.wait({live.task})
        lease = await acquire_run(self.app, run)
        await self.app.journal.forget(lease)
        await asyncio.to_thread(discard, self.app.folder(run))

    async def close(self) -> None:
        """Lets all conversations go. What is under way continues with the next start."""
        self._closed = True
        tasks = [live.task for live in self._live.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self.services.lines.close()

    async def _host(self, run: RunId) -> None:
        again = True
        try:
            while again and not self._closed:
                lease = await acquire_run(self.app, run)
                async with released_after(self.app, lease):
                    await self._drive(run, lease)
                # A command that came while the conversation was let go waits in the inbox.
                again = bool(await self.app.journal.inbox(run))
        except StillOwned as error:
            LOG.info("conversation %s: %s", run, error)
        except UnknownRun:
            pass
        except JournalError as error:
            LOG.error("conversation %s: %s", run, error)  # noqa: TRY400 - no defect of ours
        except Exception:
            LOG.exception("conversation %s stopped", run)
        finally:
            self._live.pop(run, None)
            self._left.pop(run, None)

    async def _drive(self, run: RunId, lease: Lease) -> None:
        with self.app.hub.open(run) as fragments:
            await drive_chat(
                self.services,
                lease,
                fragments=fragments,
                linger=lambda: 0.0 if self._closed else self._patience(run),
            )

    def _patience(self, run: RunId) -> float:
        """Returns for how many seconds more an idle conversation stays loaded."""
        if run in self.clients:
            return math.inf
        left = self._left.get(run)
        grace = self.services.settings.session_grace
        return 0.0 if left is None else left + grace - time.monotonic()


async def open_host(project: Project) -> ChatHost:
    """Raises SandboxError."""
    sandbox: Sandbox = await project.app.sandbox(project.settings.sandbox)
    places = ToolPlaces(project.app.environ)
    return ChatHost(ChatServices(project.app, project, project.app.settings.chat, sandbox, places))
