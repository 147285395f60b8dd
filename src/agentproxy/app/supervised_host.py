"""Works on supervised runs in a process that serves, whether a client looks or not."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.app.allowed_folders import AllowedFolders, NotAllowed
from agentproxy.app.context import App
from agentproxy.app.holders import StillOwned
from agentproxy.app.orders import place_order
from agentproxy.app.run_ownership import acquire_run
from agentproxy.app.runs import work_on
from agentproxy.app.screenshots import ScreenshotUnusable
from agentproxy.app.task_request import TaskRequest
from agentproxy.config.mistakes import ConfigError
from agentproxy.events.commands import Interrupt
from agentproxy.events.envelope import RunId
from agentproxy.journal.port import Fenced, JournalError, Lease, LeaseTaken
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.text.with_cure import with_cure
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError

LOG = logging.getLogger(__name__)
PARKING_SECONDS = 20.0  # after which a run under way is cut off
KNOWN = (
    ConfigError,
    GitError,
    JournalError,
    OSError,
    RepositoryUnusable,
    SandboxError,
    ScreenshotUnusable,
    WorkerError,
)


class Stopping(Exception):
    """The process is about to end. It starts no run."""


class TooManyRuns(Exception):
    """The process works on as many runs as it may."""

    cure = "wait until one of them has ended, or raise MAX_RUNNING_TASKS"


@dataclass
class _AtWork:
    task: asyncio.Task[None]
    lease: Lease | None = None


@dataclass
class SupervisedHost:
    """Starts runs and takes up parked ones. One event loop uses it.

    `faults` says of a run why this process could not work on it.
    """

    app: App
    allowed: AllowedFolders
    most: int = 20  # runs at once
    faults: dict[RunId, str] = field(default_factory=dict[RunId, str])
    closed: bool = False
    _live: dict[RunId, _AtWork] = field(default_factory=dict[RunId, _AtWork])

    @property
    def active(self) -> int:
        """How many runs this process works on."""
        return len(self._live)

    def works_on(self, run: RunId) -> bool:
        return run in self._live

    def on_rest(self, run: RunId, ring: Callable[[], None]) -> None:
        """Calls `ring` when this process no longer works on the run."""
        if (live := self._live.get(run)) is not None:
            live.task.add_done_callback(lambda _: ring())

    async def start(self, request: TaskRequest) -> RunId:
        """Creates a run and works on it. Raises what `place_order` does; NotAllowed, Stopping."""
        if self.closed:
            raise Stopping
        self.refuse_crowd()
        await self._refuse_place(request.directory)
        lease = await place_order(self.app, request)
        self._begin(lease.run, lease)
        return lease.run

    def refuse_crowd(self) -> None:
        """Raises TooManyRuns."""
        if len(self._live) >= self.most:
            raise TooManyRuns(f"{self.most} tasks are being worked on, as many as may")

    def wake(self, run: RunId) -> None:
        """Works on a run that exists, unless somebody does so already."""
        if not self.closed and run not in self._live:
            self._begin(run, None)

    async def close(self) -> None:
        """Parks the runs under way as interrupted. They can be resumed."""
        self.closed = True
        live = dict(self._live)
        for run, work in live.items():
            if work.lease is not None:
                generation = work.lease.generation
                command = Interrupt(generation=generation, reason="the server was stopped")
                with suppress(JournalError):
                    await self.app.journal.submit(run, command)
        tasks = [work.task for work in live.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=PARKING_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _refuse_place(self, directory: Path) -> None:
        repository = await self.app.repository(directory)
        if not self.allowed.covers(repository.root):
            raise NotAllowed(
                f"its repository, {repository.root}, is not below a directory of --allow-dir",
                cure="start the server with --allow-dir and the root of the repository",
            )
        if self.app.settings.home.resolve().is_relative_to(repository.root):
            raise RepositoryUnusable(
                "the home of Agent Proxy is inside the repository",
                cure="set AGENTPROXY_HOME to a folder outside it",
            )

    def _begin(self, run: RunId, lease: Lease | None) -> None:
        self.faults.pop(run, None)
        task = asyncio.create_task(self._host(run, lease), name=f"run {run}")
        self._live[run] = _AtWork(task, lease)

    async def _host(self, run: RunId, lease: Lease | None) -> None:
        try:
            again = True
            while again and not self.closed:
                lease = lease or await acquire_run(self.app, run)
                self._live[run].lease = lease
                await work_on(self.app, lease, hold=await self._patience(run))
                lease = self._live[run].lease = None
                # A command that came while the run was let go waits in the inbox.
                again = bool(await self.app.journal.inbox(run))
        except (StillOwned, LeaseTaken, Fenced) as error:
            LOG.info("run %s: %s", run, error)
        except KNOWN as error:
            cure = str(getattr(error, "cure", ""))
            self.faults[run] = with_cure(str(error), cure)
            LOG.error("run %s: %s", run, error)  # noqa: TRY400 - no defect of ours
        except Exception:
            self.faults[run] = "a defect of Agent Proxy; the server's log has it"
            LOG.exception("run %s stopped", run)
        finally:
            self._live.pop(run, None)

    async def _patience(self, run: RunId) -> float:
        """Returns how many seconds a worker waits for a person before its run parks."""
        first = await self.app.journal.read(run, limit=1)
        order = SUPERVISED.replay(first).require_order()
        return (await self.app.project(Path(order.repository, order.directory))).settings.hold
