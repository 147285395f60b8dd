"""Starts a worker's program in the sandbox, with its brief, HOME, files, grants and model."""

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.events.work import NetworkRefused, ProcessStarted
from agentproxy.models.budget import Budget
from agentproxy.models.metered import Meter
from agentproxy.models.relay.server import Relay
from agentproxy.models.relay.upstream import RelayTarget
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError
from agentproxy.workers.program import Program
from agentproxy.workspace.environment.toolchains import INSIDE_HOME
from agentproxy.workspace.sandbox.copies import discard
from agentproxy.workspace.sandbox.port import (
    Access,
    Ended,
    InputStream,
    Job,
    JobLimits,
    Mount,
    OutputStream,
    Process,
    Sandbox,
    SandboxError,
    Service,
)
from agentproxy.workspace.sandbox.processes import start_time

KEPT_OUTPUT = 64 * 1024  # bytes
REFUSALS_RECORDED = 50


@dataclass(frozen=True, slots=True)
class WorkerGrants:
    """What a program may use beyond its tree (`[worker.NAME]`)."""

    hosts: tuple[str, ...] = ()  # `host:port`
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    # Names below the user's home, shown in the private one. Writable: a program renews its log-in.
    home: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # shown read-only
    model: RelayTarget | None = None  # reached through the relay
    meter: Meter | None = None  # pays for `model`; None counts without a ceiling

    def in_words(self) -> Sequence[str]:
        """Returns the grants in words, for the screen and the record."""
        granted = [f"network {host}" for host in self.hosts]
        granted += [f"variable {name}" for name in self.env]
        granted += [f"home ~/{name}, writable" for name in self.home]
        granted += [f"path {path}" for path in self.paths]
        if self.model is not None:
            granted.append(f"model {self.model.name} through the relay, the key stays outside")
            for asked, other in self.model.also.items():
                granted.append(f"model {other.name} also where it asks for {asked}")
        return granted


@dataclass(frozen=True, slots=True)
class Added:
    """What one start adds to the program. Its files are shown by `mounts`."""

    arguments: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    mounts: Sequence[Mount] = ()
    seconds: float | None = None  # instead of the limit of the brief


@dataclass(frozen=True, slots=True)
class LaunchEnded:
    """How a program ended."""

    ended: Ended
    out_of_money: bool = False  # the relay refused the model for lack of budget


@dataclass(frozen=True, slots=True)
class LaunchedProgram:
    """A running program, used through its pipes."""

    process: Process
    relay: Relay | None

    @property
    def stdin(self) -> InputStream:
        return self.process.stdin

    @property
    def stdout(self) -> OutputStream:
        return self.process.stdout

    async def wait(self) -> LaunchEnded:
        """Waits for the end of all processes of the program. Raises WorkerError.

        The output of the result is head and tail of stderr.
        """
        with _worker_errors():
            return _launch_ended(await self.process.wait(), self.relay)

    async def finish(self, seconds: float) -> LaunchEnded:
        """Waits for the end as `wait` does, and after so many seconds kills all processes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.wait()
        self.process.terminate()
        return await self.wait()


class Launcher:
    """Starts one program in the worker's own clone, once a round or more often."""

    def __init__(
        self, program: Program, *, sandbox: Sandbox, grants: WorkerGrants | None = None
    ) -> None:
        self._program = program
        self._sandbox = sandbox
        self.grants = grants or WorkerGrants()

    async def run(
        self, brief: Brief, callbacks: WorkerCallbacks, *, stdin: bytes = b""
    ) -> LaunchEnded:
        """Runs the program to its end, and shows its output as it comes. Raises WorkerError."""
        pids: asyncio.Queue[int | None] = asyncio.Queue(maxsize=2)
        relay = self._relay(callbacks)
        job = self._job(brief, relay, stdin=stdin)
        async with asyncio.TaskGroup() as group:
            group.create_task(_note_processes(pids, callbacks))
            try:
                ended = await self._sandbox.run(
                    job,
                    on_output=lambda chunk: callbacks.show(chunk.decode(errors="replace")),
                    on_start=pids.put_nowait,
                )
            except SandboxError as error:
                ended = error  # a task group would wrap it in an ExceptionGroup
            finally:
                pids.put_nowait(None)
        with _worker_errors():
            if isinstance(ended, SandboxError):
                raise ended
        await _record_refusals(ended, relay, callbacks)
        return _launch_ended(ended, relay)

    @contextlib.asynccontextmanager
    async def open(
        self,
        brief: Brief,
        callbacks: WorkerCallbacks,
        added: Added = Added(),
    ) -> AsyncGenerator[LaunchedProgram]:
        """Starts the program and yields it. Leaving the context ends all its processes.

        Raises WorkerError.
        """
        relay = self._relay(callbacks)
        job = self._job(brief, relay, added=added)
        with _worker_errors():
            async with self._sandbox.open(job) as process:
                await _note_process(process.pid, callbacks)
                showing = asyncio.create_task(_show_stderr(process, callbacks))
                try:
                    yield LaunchedProgram(process, relay)
                finally:
                    process.terminate()
                    await showing
            # Skipped when an exception leaves the context.
            await _record_refusals(await process.wait(), relay, callbacks)

    def _relay(self, callbacks: WorkerCallbacks) -> Relay | None:
        if self.grants.model is None:
            return None
        meter = self.grants.meter or Meter(record=callbacks.record, budget=Budget(lambda: None))
        return Relay(self.grants.model, meter=meter)

    def _job(
        self,
        brief: Brief,
        relay: Relay | None,
        *,
        stdin: bytes = b"",
        added: Added = Added(),
    ) -> Job:
        folder = brief.home.parent / "brief"
        _write_down(brief, folder)
        place = brief.place.with_folder("brief", folder, mode="ro")
        if place.mounts:
            shown = self._program.inside(Path(place.root), tree=brief.place.tree)
        else:
            shown = self._program.plainly()
        granted = self._granted_mounts() if place.mounts else []
        env = {
            **added.env,
            **brief.joining.variables,
            **self.grants.env,
            "AGENTPROXY_BRIEF": f"{place.inside('brief')}/brief.md",
            "AGENTPROXY_SCREENSHOTS": f"{place.inside('brief')}/screenshots",
            "AGENTPROXY_RUN": brief.run,
            "AGENTPROXY_ROUND": str(brief.round),
        }
        hosts = self.grants.hosts
        relayed = (Service(relay.serve, relay.variables),) if relay else ()
        seconds = brief.seconds if added.seconds is None else added.seconds
        return place.job(
            (*shown.argv, *added.arguments),
            env=env,
            home=brief.home,
            stdin=stdin,
            access=Access(
                mode="hosts" if hosts else "none",
                hosts=hosts,
                services=(*relayed, *brief.joining.services),
            ),
            limits=JobLimits(seconds=max(seconds, 1.0), kept_output=KEPT_OUTPUT),
            mounts=(*shown.mounts, *granted, *added.mounts),
        )

    def _granted_mounts(self) -> list[Mount]:
        paths = [Path(path).expanduser() for path in self.grants.paths]
        shown = [Mount(at=str(path), mode="ro", source=path) for path in paths]
        for name in self.grants.home:
            source = Path.home() / name
            shown.append(Mount(at=f"{INSIDE_HOME}/{name}", mode="rw", source=source))
        return shown


def _write_down(brief: Brief, folder: Path) -> None:
    # A worker could write here, and without isolation it still can. So nothing in the folder is
    # opened or followed.
    if os.path.lexists(folder):
        discard(folder)
    folder.mkdir(mode=0o700, parents=True)
    pictures = folder / "screenshots"
    pictures.mkdir()
    (folder / "brief.md").write_bytes(brief.text.encode())
    for number, image in enumerate(brief.images, start=1):
        kind = image.media_type.removeprefix("image/").replace("jpeg", "jpg")
        (pictures / f"{number}.{kind}").write_bytes(base64.b64decode(image.data))


async def _note_processes(pids: "asyncio.Queue[int | None]", callbacks: WorkerCallbacks) -> None:
    while (pid := await pids.get()) is not None:
        await _note_process(pid, callbacks)


async def _note_process(pid: int, callbacks: WorkerCallbacks) -> None:
    # Recorded so that a later segment can end a process that survived.
    started = start_time(pid)
    if started is not None:
        await callbacks.record(ProcessStarted(effect="work", pid=pid, started=started))


async def _show_stderr(process: Process, callbacks: WorkerCallbacks) -> None:
    while chunk := await process.stderr.read():
        callbacks.show(chunk.decode(errors="replace"))


async def _record_refusals(ended: Ended, relay: Relay | None, callbacks: WorkerCallbacks) -> None:
    for refusal in ended.refused[:REFUSALS_RECORDED]:
        host, _, reason = refusal.partition(" ")
        await callbacks.record(NetworkRefused(effect="work", host=host, reason=reason))
    for refusal in relay.refused if relay is not None else ():
        await callbacks.record(NetworkRefused(effect="work", host="model relay", reason=refusal))


def _launch_ended(ended: Ended, relay: Relay | None) -> LaunchEnded:
    return LaunchEnded(ended, out_of_money=relay is not None and relay.out_of_money)


@contextlib.contextmanager
def _worker_errors() -> Generator[None]:
    try:
        yield
    except SandboxError as error:
        raise WorkerError(str(error), cure=error.cure) from error
