"""The sandbox on Linux: bubblewrap with new namespaces and a system call filter."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.workspace.sandbox import seccomp
from agentproxy.workspace.sandbox.bwrap_args import GO, Argument, inside, limited, variables
from agentproxy.workspace.sandbox.bwrap_status import BwrapStatus
from agentproxy.workspace.sandbox.copies import copy_tree, sample_of, scratch_folder
from agentproxy.workspace.sandbox.network import SandboxNetwork
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
from agentproxy.workspace.sandbox.process import Killed, Start, StartedProcess

_TRY_LAYERS = """while [ $# -gt 0 ]; do
  : >"$1/.agentproxy-probe" && rm "$1/.agentproxy-probe" && touch -c "$2" || exit 1
  shift 2
done
"""
_PROBE = JobLimits(seconds=20.0, kept_output=4096)


@dataclass(frozen=True, slots=True)
class _Set:
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
    plain = [into.bytes_at(word) if isinstance(word, bytes) else word for word in words]
    # NUL separates the arguments in the descriptor: with one inside, an argument would be two.
    if bad := [word for word in plain if "\0" in word]:
        raise SandboxError(f"the argument {bad[0]!r} has a NUL character")
    return into.bytes_at(b"".join(os.fsencode(word) + b"\0" for word in plain))


class Bubblewrap:
    """Runs each job in new namespaces.

    A folder for which overlays do not work is copied into `scratch`, by default into a temporary
    folder. There is no bound for total memory, and as root none for the number of processes.
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
        self._trying: dict[tuple[int, ...], asyncio.Event] = {}
        machine = seccomp.this_machine()
        self._filter = seccomp.encode(seccomp.program(machine)) if machine else b""

    @property
    def level(self) -> str:
        layers = "overlays" if self._overlays else "copies instead of overlays"
        root = "; as root there is no limit for processes" if os.geteuid() == 0 else ""
        return (
            f"bubblewrap {self._version}".strip()
            + f": isolated files, processes and network, filtered system calls, {layers}{root}"
        )

    @property
    def isolates(self) -> bool:
        return True

    @property
    def overlays(self) -> bool:
        return self._overlays

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
        if not self._filter:
            raise SandboxError(
                "the sandbox has no system call filter for this processor",
                cure="use a machine with x86_64 or aarch64",
            )
        with (
            contextlib.closing(SandboxNetwork(job.access)) as network,
            contextlib.closing(BwrapStatus()) as status,
        ):
            with contextlib.closing(_Set()) as given:
                start = Start(
                    argv=self._command(job, network, status=status, given=given, joined=joined),
                    program=self._program,
                    # Bubblewrap is process 1 in the sandbox: its environment shows in /proc/1.
                    env={},
                    pass_fds=(*given.descriptors, *network.descriptors, status.writing),
                    joined=joined,
                )
                child = StartedProcess(start, job.limits)
            status.close_writing_end()
            enclosure = _Enclosure(child, status, network=network, begun=begun)
            async with open_child(child, enclosure, on_start=on_start) as process:
                yield process

    def _command(
        self, job: Job, network: SandboxNetwork, *, status: BwrapStatus, given: _Set, joined: bool
    ) -> tuple[str, ...]:
        words = inside(
            job, own=network.mounts, env=variables(job, more=network.env), filter_=self._filter
        )
        return (
            common_name(),
            "--args",
            _arguments(words, given),
            "--json-status-fd",
            str(status.writing),
            "--",
            *network.command(limited(job, reads_input=bool(job.stdin) or not joined)),
        )

    @contextlib.asynccontextmanager
    async def _with_layers(self, job: Job) -> AsyncGenerator[Job]:
        layers = await self._try_layers([each for each in job.mounts if each.mode == "overlay"])
        copied = [
            mount
            for mount in job.mounts
            if mount.mode == "copy" or (mount.mode == "overlay" and mount not in layers)
        ]
        if not copied:
            yield job
            return
        async with scratch_folder(self._scratch) as folder:
            mounts: list[Mount] = []
            for mount in job.mounts:
                if mount in copied and not mount.may_copy:
                    mounts.append(replace(mount, mode="ro"))
                elif mount in copied and mount.source is not None:
                    target = folder / str(len(mounts))
                    await copy_tree(mount.source, target)
                    mounts.append(replace(mount, mode="rw", source=target))
                else:
                    mounts.append(mount)
            yield replace(job, mounts=tuple(mounts))

    async def takes_layer(self, source: Path, *, trial: str = "") -> bool:
        """Whether a write through an overlay of a folder of ours succeeds, and a command before."""
        mount = Mount(at="/", mode="overlay", source=source, is_ours=True)
        return bool(await self._try_layers([mount], trial=trial))

    async def _try_layers(self, mounts: Sequence[Mount], *, trial: str = "") -> Collection[Mount]:
        """Returns the mounts over whose sources a layer takes writes."""
        states = {mount: _state_of(mount) for mount in mounts if self._overlays}
        asked = {
            state: mount.source
            for mount, state in states.items()
            if state is not None and mount.source is not None
        }
        unknown = asked.keys() - self._layers.keys()
        others = [self._trying[state] for state in unknown if state in self._trying]
        new = {state: asked[state] for state in unknown - self._trying.keys()}
        if new:
            done = asyncio.Event()
            self._trying |= dict.fromkeys(new, done)
            try:
                await self._try_new(new, trial)
            finally:
                for state in new:
                    del self._trying[state]
                done.set()
        if others:
            for each in others:
                await each.wait()
            # Whoever tried may have been cancelled.
            return await self._try_layers(mounts, trial=trial)
        return {mount for mount, state in states.items() if state and self._layers.get(state)}

    async def _try_new(self, sources: Mapping[tuple[int, ...], Path], trial: str) -> None:
        # The kernel refuses to copy up some files (EOVERFLOW for a secondary group), so try one.
        samples: dict[tuple[int, ...], tuple[Path, Path]] = {}
        for known, source in sources.items():
            sample = await asyncio.to_thread(sample_of, source)
            if sample is None:
                self._layers[known] = False
            else:
                samples[known] = source, sample
        # Together first: a start costs more than a trial.
        if samples and await self._written(samples.values(), trial):
            self._layers |= dict.fromkeys(samples, True)
        elif samples:
            for known, pair in samples.items():
                self._layers[known] = len(samples) > 1 and await self._written([pair], trial)

    async def _written(self, pairs: Iterable[tuple[Path, Path]], trial: str) -> bool:
        mounts: list[Mount] = []
        words: list[str] = []
        for number, (source, sample) in enumerate(pairs):
            at = Path(f"/tmp/layer{number}")
            mounts.append(Mount(at=str(at), mode="overlay", source=source))
            words += [str(at), str(at / sample.relative_to(source))]
        job = Job(
            argv=("/bin/sh", "-c", f"{trial}\n{_TRY_LAYERS}", "sh", *words),
            cwd="/",
            mounts=tuple(mounts),
            limits=_PROBE,
        )
        try:
            async with self._started(job, time.monotonic(), joined=True) as process:
                ended = await run_through(process, job.stdin, None)
        except SandboxError:
            return False
        return ended.exit_code == 0


def _state_of(mount: Mount) -> tuple[int, ...] | None:
    folder = mount.source
    if folder is None or not folder.is_dir():
        return None
    found = folder.stat()
    owner = (found.st_uid, found.st_gid)
    # What we write into two folders of one file system has the same owner.
    if mount.is_ours and owner == (os.geteuid(), os.getegid()):
        return (found.st_dev, *owner)
    # The answer for a folder is valid until the folder changes.
    return (found.st_dev, found.st_ino, found.st_ctime_ns, 0)


@dataclass(frozen=True, slots=True)
class _Enclosure:
    child: StartedProcess
    status: BwrapStatus
    network: SandboxNetwork
    begun: float

    async def begin(self) -> bool:
        # Before that, the command could outlive this process.
        if not await self.status.wait_until_bound():
            return False
        with contextlib.suppress(InputClosed):  # it has just ended
            await self.child.stdin.write(GO)
        return True

    async def serve(self) -> None:
        await self.network.serve()

    async def end(self) -> None:
        # When the first process of a PID namespace dies, the kernel kills all others in it.
        if self.child.code is None and await self.status.kill():
            with contextlib.suppress(SandboxError):
                await self.child.gone()
        await self.child.end()
        await self.status.empty()

    def ended(self, killed: Killed) -> Ended:
        child, code = self.child, self.status.exit_code
        if not killed and (code is None or not self.network.opened):
            if child.code is None or child.code >= 0:
                message = child.output.text().strip() or "bubblewrap printed no reason"
                raise SandboxError(f"the sandbox could not be set up: {message}")
            code = 128 - child.code  # another process killed bubblewrap, perhaps the OOM killer
        return ended_with(
            code, child, killed=killed, begun=self.begun, refused=self.network.refused
        )

    @property
    def parent(self) -> int | None:
        return self.status.first
