"""The sandbox's protocol: a job goes in, and what ended comes out; nothing of it survives."""

import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from agentproxy.events.check import ProcessEnding

MountMode = Literal["ro", "rw", "overlay", "tmpfs", "hidden"]
MEGABYTE = 1 << 20
MAX_LINE_BYTES = 8 * MEGABYTE


class SandboxError(Exception):
    """The sandbox itself failed, not the command in it. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


class InputClosed(Exception):
    """The process takes no more input: it has ended, or one of the two sides has closed it."""


class LineTooLong(Exception):
    """The process printed a line that is longer than the reader allows."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One place inside. `source` is a path outside; `at` the absolute path inside.

    "ro" and "rw" bind; "overlay" gives a writable layer that is gone afterwards; "tmpfs" is an
    empty folder (no source); "hidden" puts an empty read-only thing over what is at `at`: a folder
    where `source` is a folder outside, an empty file otherwise.
    """

    at: str
    mode: MountMode
    source: Path | None = None


Serve = Callable[[socket.socket], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """A loopback port of the job's that is answered by us: `serve` is given its listener, and is
    cancelled when the job ends. `variables` are what tells the job its address, `http://HOST:PORT`.
    """

    serve: Serve
    variables: Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Access:
    """What of the network there is: nothing, the hosts' own network, or these `host:port` only.

    `services` are there beside nothing or hosts; not beside the hosts' own network.
    """

    mode: Literal["none", "host", "hosts"] = "none"
    hosts: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Bounds of one job: seconds, bytes kept of its output, bytes printed before it is killed,
    processes, open files, bytes of one file, bytes of /tmp, and address space of one process.
    """

    seconds: float = 1800.0
    kept_output: int = MEGABYTE // 4
    printed: int = 256 * MEGABYTE
    processes: int = 2048
    files: int = 4096
    file_size: int = 4096 * MEGABYTE
    tmp_size: int = 2048 * MEGABYTE
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A command to run. `cwd` and all mounts' `at` are paths inside; mounts apply in order.

    `home` is a folder outside that becomes the private HOME (None: an empty throw-away one).
    `stdin` is all the input of a job that is run; one that is opened is written to instead.
    """

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    mounts: tuple[Mount, ...] = ()
    home: Path | None = None
    stdin: bytes = b""
    access: Access = Access()
    limits: JobLimits = JobLimits()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended. `output` is head and tail of stdout and stderr together, decoded with
    replacement; `digest` is the sha256 of every byte printed; `killed` says why we ended it.

    Of a job that was opened, all three tell of stderr alone.
    """

    ending: ProcessEnding
    exit_code: int | None
    seconds: float
    output: str
    output_bytes: int
    digest: str
    killed: Literal["", "time", "output", "cancelled"] = ""
    refused: tuple[str, ...] = ()


OnOutput = Callable[[bytes], None]
OnStart = Callable[[int], None]


class InputStream(Protocol):
    """What a process reads from."""

    async def write(self, data: bytes) -> None:
        """Write all of it, as fast as the process reads. Writes of several tasks do not mix.

        Cancelling this call may leave a part written.

        Raises:
            InputClosed: the process takes no more.
        """
        ...

    def close(self) -> None:
        """Let the process find the end of its input; a write under way ends with InputClosed."""
        ...


class OutputStream(Protocol):
    """What a process prints. Nothing is read ahead: a process that nobody reads is held still."""

    async def read(self, size: int = 65536) -> bytes:
        """The next bytes, as soon as there are some; nothing at the end."""
        ...

    async def read_line(self, limit: int = MAX_LINE_BYTES) -> bytes:
        """The next line with its newline; the last may lack it; nothing at the end.

        Raises:
            LineTooLong: it has more bytes than `limit`; the stream can only be read by bytes then.
        """
        ...


class Process(Protocol):
    """A job that is open. Both of its outputs must be read, or it may be held still for ever.

    A stream's end is seen when the process ends, and not surely before: the sandbox may hold
    the other end of a pipe that the command has closed.
    """

    @property
    def pid(self) -> int:
        """The process outside that keeps the command; when it dies, the whole job does."""
        ...

    @property
    def stdin(self) -> InputStream: ...

    @property
    def stdout(self) -> OutputStream: ...

    @property
    def stderr(self) -> OutputStream: ...

    def signal(self, number: int) -> None:
        """Send a signal to the command alone; nothing happens when it has ended."""
        ...

    def terminate(self) -> None:
        """End the job now, whole, without asking; `wait` tells that it was cancelled."""
        ...

    async def wait(self) -> Ended:
        """Wait until nothing of the job is left. What it had printed can still be read.

        Raises:
            SandboxError: the sandbox could not be set up, or something in it does not die.
        """
        ...


class Sandbox(Protocol):
    """Runs jobs. Whatever ends a job (its end, its limits, cancellation, our own death) ends every
    process that it started.
    """

    @property
    def level(self) -> str:
        """The isolation in force, in words a person understands."""
        ...

    @property
    def isolates(self) -> bool:
        """Whether jobs are kept from the user's files and network at all."""
        ...

    @property
    def overlays(self) -> bool:
        """Whether "overlay" mounts cost nothing; else they are copies."""
        ...

    async def run(
        self, job: Job, *, on_output: OnOutput | None = None, on_start: OnStart | None = None
    ) -> Ended:
        """Run a job to its end. `on_output` gets raw bytes as they come, `on_start` the pid.

        Cancelling this call kills the job whole before the cancellation goes on.

        Raises:
            SandboxError: the sandbox could not be set up.
        """
        ...

    def open(self, job: Job) -> AbstractAsyncContextManager[Process]:
        """Start a job and talk with it through its pipes. Leaving the context ends it whole.

        Its limits are those of a job that is run: also `seconds`, and `printed` for both outputs
        together, as far as they were read. `job.stdin` is not used.

        Raises:
            SandboxError: the sandbox could not be set up (on entering).
        """
        ...
