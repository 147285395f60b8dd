"""Commands without isolation: chosen by name, never fallen back to."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final

from agentproxy.workspace.sandbox.copies import scratch_folder
from agentproxy.workspace.sandbox.port import (
    Ended,
    Job,
    JobLimits,
    Mount,
    OnOutput,
    OnStart,
    SandboxError,
    Service,
)
from agentproxy.workspace.sandbox.process import Child, Killed, Start, through

_KEEPER: Final = str(Path(__file__).with_name("subreaper.py"))
_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def _refuse(mount: Mount) -> None:
    same = mount.source is not None and str(mount.source) == mount.at
    if mount.mode in ("ro", "rw") and same:
        return
    raise SandboxError(
        f"without isolation nothing can be mounted ({mount.mode} at {mount.at})",
        cure="use a sandbox, or run in the folder where things are",
    )


def _bounds(limits: JobLimits) -> list[str]:
    # Not the number of processes: without a namespace it would count all of the user's.
    bounds = [f"NOFILE={limits.files}", f"FSIZE={limits.file_size}", "CORE=0"]
    return bounds if limits.memory is None else [*bounds, f"AS={limits.memory}"]


class Plain:
    """Runs jobs with the user's own rights, files and network.

    Time, output and the end of every process hold as in a sandbox (on other systems than Linux a
    daemon with a session of its own escapes). Not held: the number of processes, the size of
    /tmp, read-only mounts, `Access` but for its services: they are answered at a free loopback
    port of the host, which other users of it can reach too.
    """

    def __init__(self, *, scratch: Path | None = None) -> None:
        self._scratch = scratch

    @property
    def level(self) -> str:
        """The isolation in force, in words a person understands."""
        return "no isolation: commands can read, write and reach everything that you can"

    @property
    def isolates(self) -> bool:
        """Nothing is kept from a job."""
        return False

    @property
    def overlays(self) -> bool:
        """There are no mounts at all."""
        return False

    async def run(
        self, job: Job, *, on_output: OnOutput | None = None, on_start: OnStart | None = None
    ) -> Ended:
        """Run a job to its end; the process that is told to `on_start` keeps the command.

        Raises:
            SandboxError: it asks for a mount, or cannot be started.
        """
        for mount in job.mounts:
            _refuse(mount)
        async with scratch_folder(self._scratch) as folder:
            home = job.home or folder / "home"
            for path in (home, folder / "tmp"):
                path.mkdir(exist_ok=True)
            ours = {"HOME": str(home), "TMPDIR": str(folder / "tmp"), "PATH": _PATH}
            env = {**ours, "LANG": "C.UTF-8"}
            async with _services(job) as variables:
                env |= {**variables, **job.env}
                return await _run(job, env, on_output=on_output, on_start=on_start)


@contextlib.asynccontextmanager
async def _services(job: Job) -> AsyncGenerator[Mapping[str, str]]:
    """The job's services, answered until this is left; the variables that tell their addresses."""
    variables: dict[str, str] = {}
    failed: SandboxError | None = None
    async with contextlib.AsyncExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in job.access.services
        ]
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks: list[asyncio.Task[None]] = []
        for service, listener in zip(job.access.services, listeners, strict=True):
            variables |= service.variables(f"http://127.0.0.1:{listener.getsockname()[1]}")
            tasks.append(group.create_task(_serve(service, listener)))
        try:
            yield variables
        except SandboxError as error:
            failed = error  # a group would wrap it
        finally:
            for task in tasks:
                task.cancel()
    if failed is not None:
        raise failed


async def _serve(service: Service, listener: socket.socket) -> None:
    await service.serve(listener)


async def _run(
    job: Job,
    env: Mapping[str, str],
    *,
    on_output: OnOutput | None,
    on_start: OnStart | None,
) -> Ended:
    begun = time.monotonic()
    killed: Killed = ""
    keeper = (sys.executable, "-I", "-S", _KEEPER, str(os.getpid()), *_bounds(job.limits))
    start = Start(argv=(*keeper, "--", *job.argv), env=env, cwd=Path(job.cwd), stdin=job.stdin)
    child = Child(start, limits=job.limits, on_output=on_output)
    try:
        child.feed()
        if on_start is not None:
            on_start(child.pid)
        killed = await child.watch(job.limits.seconds)
    finally:
        await through(_end(child))
        child.close()
    code = child.code if child.code is None or child.code >= 0 else 128 - child.code
    return Ended(
        ending="timed_out" if killed == "time" else "exited",
        exit_code=None if killed == "time" else code,
        seconds=time.monotonic() - begun,
        output=child.output.text(),
        output_bytes=child.output.count,
        digest=child.output.digest,
        killed=killed,
    )


async def _end(child: Child) -> None:
    """Ask the keeper to clear up; it alone knows what the command has left behind."""
    if child.code is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)
        with contextlib.suppress(SandboxError):
            await child.gone()
    await child.end()
