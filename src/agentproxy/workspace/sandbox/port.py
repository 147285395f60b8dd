"""The sandbox's protocol: a job goes in, and what ended comes out; nothing of it survives."""

import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from agentproxy.events.check import ProcessEnding

MountMode = Literal["ro", "rw", "overlay", "tmpfs", "hidden"]
MEGABYTE = 1 << 20


class SandboxError(Exception):
    """The sandbox itself failed, not the command in it. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


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
