"""The protocol of a sandbox: it runs a job, and no process of the job survives."""

import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from agentproxy.events.check import ProcessEnding

MountMode = Literal["ro", "rw", "overlay", "copy", "tmpfs", "hidden"]
MEGABYTE = 1 << 20
MAX_LINE_BYTES = 8 * MEGABYTE
# The git configuration of an empty HOME. Without it nothing can commit to a new repository; the
# user's own name is not shown.
IDENTITY = """[user]
	name = agent
	email = agent@localhost
[init]
	defaultBranch = main
"""


class SandboxError(Exception):
    """The sandbox failed, not the command in it. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


class InputClosed(Exception):
    """The process has ended, or one side has closed its input."""


class LineTooLong(Exception):
    """The process printed a line above the reader's limit."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount of `source`, a host path, at `at`, an absolute path in the sandbox.

    "overlay" discards the job's writes. Where no overlay is possible, the source is copied, or is
    read-only if it may not be copied. "copy" discards them too, and always copies. "tmpfs" is an
    empty folder and has no source. "hidden" covers `at` with an empty read-only folder if `source`
    is a folder, else with an empty file. `is_ours`: nobody but us wrote what is in the source.
    """

    at: str
    mode: MountMode
    source: Path | None = None
    may_copy: bool = True
    is_ours: bool = False


Serve = Callable[[socket.socket], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """A loopback port of the job that this process answers."""

    serve: Serve  # gets the listener; cancelled when the job ends
    variables: Callable[[str], Mapping[str, str]]  # from http://HOST:PORT to the job's variables


@dataclass(frozen=True, slots=True)
class Access:
    """The network of a job: none, the host's own network, or only the `host:port` in `hosts`.

    Those of them in `private` may resolve to addresses that are not public.
    """

    mode: Literal["none", "host", "hosts"] = "none"
    hosts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()  # not with "host"


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Bounds of one job. Sizes are in bytes."""

    seconds: float = 1800.0
    # Awaited once `seconds` are over: how many the job may take in all.
    extended: Callable[[], Awaitable[float]] | None = None
    kept_output: int = MEGABYTE // 4
    printed: int = 256 * MEGABYTE  # the job is killed if it prints more
    processes: int = 2048
    files: int = 4096  # open at the same time
    file_size: int = 4096 * MEGABYTE
    tmp_size: int = 2048 * MEGABYTE
    memory: int | None = None  # address space of one process: there is no bound for their sum


@dataclass(frozen=True, slots=True)
class Job:
    """A command to run."""

    argv: tuple[str, ...]
    cwd: str  # in the sandbox
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    mounts: tuple[Mount, ...] = ()  # in this order: later ones cover earlier ones
    home: Path | None = None  # host folder for HOME; None: a temporary one with `IDENTITY`
    stdin: bytes = b""  # only for `run`; a job that is open is written to instead
    access: Access = Access()
    limits: JobLimits = JobLimits()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended. The output is stdout and stderr together; of an open job only stderr."""

    ending: ProcessEnding
    exit_code: int | None
    seconds: float
    output: str  # head and tail, decoded with replacement
    output_bytes: int
    digest: str  # sha256 of every byte printed
    killed: Literal["", "time", "output", "cancelled"] = ""  # why this process killed it
    refused: tuple[str, ...] = ()  # by the egress proxy


OnOutput = Callable[[bytes], None]
OnStart = Callable[[int], None]


class InputStream(Protocol):
    """The standard input of a process."""

    async def write(self, data: bytes) -> None:
        """Writes everything. Writes of several tasks do not mix; a cancelled one may be partial.

        Raises:
            InputClosed: the process reads no more.
        """
        ...

    def close(self) -> None:
        """Ends the input. A write under way raises `InputClosed`."""
        ...


class OutputStream(Protocol):
    """An output of a process. Nothing is read ahead, so a process waits for its reader."""

    async def read(self, size: int = 65536) -> bytes:
        """Reads the next bytes, or b"" at the end."""
        ...

    async def read_line(self, limit: int = MAX_LINE_BYTES) -> bytes:
        """Reads the next line with its newline, or b"" at the end.

        Raises:
            LineTooLong: the line has more bytes than `limit`. After that, only `read` works.
        """
        ...


class Process(Protocol):
    """An open job. If one of its outputs is not read, it may wait for ever.

    A stream may end only when the process ends, even if the command has closed it before.
    """

    @property
    def pid(self) -> int:
        """A process on the host. When it dies, the whole job dies."""
        ...

    @property
    def stdin(self) -> InputStream: ...

    @property
    def stdout(self) -> OutputStream: ...

    @property
    def stderr(self) -> OutputStream: ...

    def signal(self, number: int) -> None:
        """Sends a signal to the command alone. Does nothing if it has ended."""
        ...

    def terminate(self) -> None:
        """Kills every process of the job. `wait` then reports it as cancelled."""
        ...

    async def wait(self) -> Ended:
        """Waits until the job has no process. Its output can still be read.

        Raises:
            SandboxError: the sandbox could not be set up, or a process does not die.
        """
        ...


class Sandbox(Protocol):
    """Runs jobs. No process of a job outlives it, however it ends, nor this process."""

    @property
    def level(self) -> str:
        """The isolation, in words for a person."""
        ...

    @property
    def isolates(self) -> bool:
        """Whether jobs cannot reach the user's files and network."""
        ...

    @property
    def overlays(self) -> bool:
        """Whether "overlay" mounts cost nothing. If not, each is a copy."""
        ...

    async def run(
        self, job: Job, *, on_output: OnOutput | None = None, on_start: OnStart | None = None
    ) -> Ended:
        """Runs a job to its end. Cancellation kills every process of the job first.

        Raises:
            SandboxError: the sandbox could not be set up.
        """
        ...

    def open(self, job: Job) -> AbstractAsyncContextManager[Process]:
        """Starts a job that is used through its pipes. The end of the context kills it.

        All limits hold; `printed` counts what was read from both outputs.

        Raises:
            SandboxError: the sandbox could not be set up (on entering).
        """
        ...
