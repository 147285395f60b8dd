"""The sandbox on Linux: bubblewrap with namespaces of its own and a system call filter."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.workspace.sandbox import seccomp
from agentproxy.workspace.sandbox.bwrap_args import GO, Argument, inside, limited, variables
from agentproxy.workspace.sandbox.bwrap_status import BwrapStatus
from agentproxy.workspace.sandbox.copies import copy_tree, sample_of, scratch_folder
from agentproxy.workspace.sandbox.network import WayOut
from agentproxy.workspace.sandbox.open_process import (
    OpenProcess,
    ended_with,
    open_child,
    run_through,
)
from agentproxy.workspace.sandbox.orphans import common_name
from agentproxy.workspace.sandbox.port import (
    Ended,
    InputClosed,
    Job,
    JobLimits,
    Mount,
    OnOutput,
    OnStart,
    Process,
    SandboxError,
)
from agentproxy.workspace.sandbox.process import Child, Killed, Start

_TRY_LAYER = 'p="$1/.agentproxy-probe"; : > "$p" && rm "$p" && touch -c "$2"'
_PROBE = JobLimits(seconds=20.0, kept_output=4096)


@dataclass(frozen=True, slots=True)
class _Set:
    """Descriptors that bubblewrap reads from, and its words with their numbers in."""

    words: list[str] = field(default_factory=list[str])
    descriptors: list[int] = field(default_factory=list[int])

    def bytes_at(self, content: bytes) -> str:
        descriptor = os.memfd_create("agentproxy", os.MFD_CLOEXEC)
        self.descriptors.append(descriptor)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        return str(descriptor)

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


def _arguments(words: Iterable[Argument], into: _Set) -> str:
    """Put all words into one descriptor, each ended by a NUL; its number.

    Raises:
        SandboxError: a word holds a NUL itself, and would become two.
    """
    plain = [into.bytes_at(word) if isinstance(word, bytes) else word for word in words]
    if bad := [word for word in plain if "\0" in word]:
        raise SandboxError(f"a NUL in an argument: {bad[0]!r}")
    return into.bytes_at(b"".join(os.fsencode(word) + b"\0" for word in plain))


class Bubblewrap:
    """Runs each job in namespaces of its own. Its processes end with it, however it ends.

    `overlays` says whether this bubblewrap can make throw-away layers; where it cannot, or where
    a probe write into one fails, the folder is copied into `scratch` (on the same file system as
    what is copied, it may cost nothing; else a temporary folder). Total memory is not bounded, and
    as root neither is the number of processes.
    """

    def __init__(
        self,
        program: Path,
        *,
        version: str = "",
        overlays: bool = False,
        scratch: Path | None = None,
    ) -> None:
        self._program = program
        self._version = version
        self._overlays = overlays
        self._scratch = scratch
        self._layers: dict[tuple[int, ...], bool] = {}
        machine = seccomp.this_machine()
        self._filter = seccomp.encode(seccomp.program(machine)) if machine else b""

    @property
    def level(self) -> str:
        """The isolation in force, in words a person understands."""
        layers = "throw-away layers" if self._overlays else "copies for throw-away layers"
        root = "; as root the number of processes is not bounded" if os.geteuid() == 0 else ""
        return (
            f"bubblewrap {self._version}".strip()
            + f": own files, processes and network, filtered system calls, {layers}{root}"
        )

    @property
    def isolates(self) -> bool:
        """Jobs see only what is mounted for them."""
        return True

    @property
    def overlays(self) -> bool:
        """Whether "overlay" mounts cost nothing; else they are copies."""
        return self._overlays

    async def run(
        self, job: Job, *, on_output: OnOutput | None = None, on_start: OnStart | None = None
    ) -> Ended:
        """Run a job to its end; the process that is told to `on_start` is bubblewrap's own.

        Raises:
            SandboxError: the sandbox could not be set up; the message is bubblewrap's.
        """
        async with self._open(job, joined=True, on_start=on_start) as process:
            return await run_through(process, job.stdin, on_output)

    @contextlib.asynccontextmanager
    async def open(self, job: Job) -> AsyncGenerator[Process]:
        """Start a job and talk with it through its pipes. Leaving the context ends it whole.

        Raises:
            SandboxError: the sandbox could not be set up; the message is bubblewrap's.
        """
        async with self._open(job, joined=False) as process:
            yield process

    @contextlib.asynccontextmanager
    async def _open(
        self, job: Job, *, joined: bool, on_start: OnStart | None = None
    ) -> AsyncGenerator[OpenProcess]:
        begun = time.monotonic()
        async with (
            self._with_layers(job) as ready,
            self._started(ready, begun, joined=joined, on_start=on_start) as process,
        ):
            yield process

    @contextlib.asynccontextmanager
    async def _started(
        self, job: Job, begun: float, *, joined: bool, on_start: OnStart | None = None
    ) -> AsyncGenerator[OpenProcess]:
        """A job whose layers can be had."""
        if not self._filter:
            raise SandboxError("no system call filter exists for this machine")
        status, given = BwrapStatus(), _Set()
        with contextlib.closing(WayOut(job.access)) as way, contextlib.closing(status):
            with contextlib.closing(given):
                start = Start(
                    argv=self._command(job, way, status=status, given=given, joined=joined),
                    program=self._program,
                    env={},
                    pass_fds=(*given.descriptors, *way.descriptors, status.writing),
                    joined=joined,
                )
                child = Child(start, job.limits)
            status.handed_over()
            enclosure = _Enclosure(child, status, way=way, begun=begun)
            seconds = job.limits.seconds
            async with open_child(child, enclosure, seconds=seconds, on_start=on_start) as process:
                yield process

    def _command(
        self, job: Job, way: WayOut, *, status: BwrapStatus, given: _Set, joined: bool
    ) -> tuple[str, ...]:
        words = inside(job, own=way.mounts, env=variables(job, more=way.env), filter_=self._filter)
        return (
            common_name(),
            "--args",
            _arguments(words, given),
            "--json-status-fd",
            str(status.writing),
            "--",
            *way.command(limited(job, reads_input=bool(job.stdin) or not joined)),
        )

    @contextlib.asynccontextmanager
    async def _with_layers(self, job: Job) -> AsyncGenerator[Job]:
        """The job with a copy in the place of each overlay that cannot be had."""
        copied = [
            mount
            for mount in job.mounts
            if mount.mode == "overlay" and not await self.takes_layer(mount.source)
        ]
        if not copied:
            yield job
            return
        async with scratch_folder(self._scratch) as folder:
            mounts: list[Mount] = []
            for mount in job.mounts:
                if mount in copied and mount.source is not None:
                    target = folder / str(len(mounts))
                    await copy_tree(mount.source, target)
                    mounts.append(replace(mount, mode="rw", source=target))
                else:
                    mounts.append(mount)
            yield replace(job, mounts=tuple(mounts))

    async def takes_layer(self, source: Path | None) -> bool:
        """Whether a write through an overlay of this folder succeeds; remembered by folder."""
        known = _state_of(source) if source and self._overlays else None
        if source is None or known is None:
            return False
        if known not in self._layers:
            sample = await asyncio.to_thread(sample_of, source)
            self._layers[known] = sample is not None and await self._try_layer(source, sample)
        return self._layers[known]

    async def _try_layer(self, source: Path, sample: Path) -> bool:
        at = Path("/tmp/layer")
        file = str(at / sample.relative_to(source))
        job = Job(
            argv=("/bin/sh", "-c", _TRY_LAYER, "sh", str(at), file),
            cwd="/",
            mounts=(Mount(at=str(at), mode="overlay", source=source),),
            limits=_PROBE,
        )
        try:
            async with self._started(job, time.monotonic(), joined=True) as process:
                ended = await run_through(process, job.stdin, None)
        except SandboxError:
            return False
        return ended.exit_code == 0


def _state_of(folder: Path) -> tuple[int, ...] | None:
    """What tells a folder from another and from itself after a change; None for what is none."""
    if not folder.is_dir():
        return None
    found = folder.stat()
    return (found.st_dev, found.st_ino, found.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class _Enclosure:
    """What is around a bubblewrap of ours: its status, and what is answered inside."""

    child: Child
    status: BwrapStatus
    way: WayOut
    begun: float

    async def begin(self) -> bool:
        """Let the command begin once nothing of it can outlive us."""
        if not await self.status.tied():
            return False
        with contextlib.suppress(InputClosed):  # it ends just now
            await self.child.stdin.write(GO)
        return True

    async def serve(self) -> None:
        """Answer what the command may reach."""
        await self.way.serve()

    async def end(self) -> None:
        """Leave nobody: the first process inside takes all others with it, in the kernel."""
        if self.child.code is None and await self.status.kill():
            with contextlib.suppress(SandboxError):
                await self.child.gone()
        await self.child.end()
        await self.status.empty()

    def ended(self, killed: Killed) -> Ended:
        """How the command ended.

        Raises:
            SandboxError: it never began.
        """
        child, code = self.child, self.status.exit_code
        if not killed and (code is None or not self.way.opened):
            if child.code is None or child.code >= 0:
                message = child.output.text().strip() or "bubblewrap said nothing"
                raise SandboxError(f"the sandbox could not be set up: {message}")
            code = 128 - child.code  # somebody else killed bubblewrap, for want of memory perhaps
        return ended_with(code, child, killed=killed, begun=self.begun, refused=self.way.refused)

    @property
    def parent(self) -> int | None:
        """The first process inside."""
        return self.status.first
