"""Runs commands without isolation. Only a person chooses it; it is never a fallback."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agentproxy.workspace.sandbox.copies import scratch_folder
from agentproxy.workspace.sandbox.open_process import (
    OpenProcess,
    ended_with,
    open_child,
    run_through,
)
from agentproxy.workspace.sandbox.port import (
    IDENTITY,
    Ended,
    Job,
    JobLimits,
    Mount,
    OnOutput,
    OnStart,
    Process,
    SandboxError,
    Service,
)
from agentproxy.workspace.sandbox.process import Killed, Start, StartedProcess

_SUBREAPER: Final = str(Path(__file__).with_name("subreaper.py"))
_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def _refuse(mount: Mount) -> None:
    same = mount.source is not None and str(mount.source) == mount.at
    if mount.mode in ("ro", "rw") and same:
        return
    raise SandboxError(
        f"a mount ({mount.mode} at {mount.at}) needs isolation, and `--sandbox plain` has none",
        cure="run without `--sandbox plain`",
    )


def _bounds(limits: JobLimits) -> list[str]:
    # No limit for processes: outside a user namespace the kernel counts all of the user's.
    bounds = [f"NOFILE={limits.files}", f"FSIZE={limits.file_size}", "CORE=0"]
    return bounds if limits.memory is None else [*bounds, f"AS={limits.memory}"]


class Plain:
    """Runs jobs with the user's own rights, files and network.

    Enforces the limits for time and output, and kills every process at the end. On systems other
    than Linux, a daemon with a new session escapes. Ignores read-only mounts, `Access` and most
    other limits. Other users of the host can reach a job's services.
    """

    def __init__(self, *, scratch: Path | None = None) -> None:
        self._scratch = scratch

    @property
    def level(self) -> str:
        return "no isolation: commands can read, write and reach everything that you can"

    @property
    def isolates(self) -> bool:
        return False

    @property
    def overlays(self) -> bool:
        return False

    async def run(
        self, job: Job, *, on_output: OnOutput | None = None, on_start: OnStart | None = None
    ) -> Ended:
        async with self._open(job, joined=True, on_start=on_start) as process:
            return await run_through(process, job.stdin, on_output)

    @contextlib.asynccontextmanager
    async def open(self, job: Job) -> AsyncGenerator[Process]:
        async with self._open(job, joined=False) as process:
            yield process

    @contextlib.asynccontextmanager
    async def _open(
        self, job: Job, *, joined: bool, on_start: OnStart | None = None
    ) -> AsyncGenerator[OpenProcess]:
        for mount in job.mounts:
            _refuse(mount)
        begun = time.monotonic()
        async with scratch_folder(self._scratch) as folder:
            home = job.home or folder / "home"
            for path in (home, folder / "tmp"):
                path.mkdir(exist_ok=True)
            if job.home is None:
                (home / ".gitconfig").write_text(IDENTITY)
            ours = {"HOME": str(home), "TMPDIR": str(folder / "tmp"), "PATH": _PATH}
            with contextlib.ExitStack() as stack:
                listeners = [
                    stack.enter_context(socket.create_server(("127.0.0.1", 0)))
                    for _ in job.access.services
                ]
                services = tuple(zip(job.access.services, listeners, strict=True))
                env = {**ours, "LANG": "C.UTF-8", **_variables(services), **job.env}
                start = Start(argv=_under_subreaper(job), env=env, cwd=Path(job.cwd), joined=joined)
                child = StartedProcess(start, job.limits)
                enclosure = _PlainEnclosure(child, services, begun=begun)
                async with open_child(child, enclosure, on_start=on_start) as process:
                    yield process


_Services = tuple[tuple[Service, socket.socket], ...]


def _variables(services: _Services) -> Mapping[str, str]:
    variables: dict[str, str] = {}
    for service, listener in services:
        variables |= service.variables(f"http://127.0.0.1:{listener.getsockname()[1]}")
    return variables


def _under_subreaper(job: Job) -> tuple[str, ...]:
    # -I and -S: no variable and no site package of the user may change the subreaper.
    subreaper = (sys.executable, "-I", "-S", _SUBREAPER, str(os.getpid()), *_bounds(job.limits))
    return (*subreaper, "--", *job.argv)


async def _serve(service: Service, listener: socket.socket) -> None:
    await service.serve(listener)


@dataclass(frozen=True, slots=True)
class _PlainEnclosure:
    child: StartedProcess
    services: _Services
    begun: float

    async def begin(self) -> bool:
        return True

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            for service, listener in self.services:
                group.create_task(_serve(service, listener))

    async def end(self) -> None:
        # First SIGTERM: only the subreaper knows the processes that the command has left.
        if self.child.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child.pid, signal.SIGTERM)
            with contextlib.suppress(SandboxError):
                await self.child.gone()
        await self.child.end()

    def ended(self, killed: Killed) -> Ended:
        code = self.child.code
        code = code if code is None or code >= 0 else 128 - code
        return ended_with(code, self.child, killed=killed, begun=self.begun)

    @property
    def parent(self) -> int | None:
        return self.child.pid
