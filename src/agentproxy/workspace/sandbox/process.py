"""One child process, held from its start to its end: its input, its output, its limits."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from agentproxy.workspace.sandbox.output import Output
from agentproxy.workspace.sandbox.port import JobLimits, OnOutput, SandboxError

Killed = Literal["", "time", "output"]
T = TypeVar("T")

_CHUNK = 65536
PATIENCE = 10.0  # seconds that a killed process may take to be gone


async def through(work: Coroutine[object, object, T]) -> T:
    """Await work to its end although the caller is cancelled; the cancellation goes on after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


async def readable(descriptor: int) -> None:
    """Return when there is something to read, or the other end is gone."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


@dataclass(frozen=True, slots=True)
class Start:
    """What to start. `program` is the file, where the first word of `argv` is another name."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    program: Path | None = None
    cwd: Path | None = None
    stdin: bytes = b""
    pass_fds: tuple[int, ...] = ()


class Child:
    """A started process. Nothing here raises because of what the process does.

    It is started from the thread of the running loop, which lives as long as the job: a "die with
    parent" signal follows the thread, not the process. `on_output` gets raw bytes as they come.
    Its input waits for `feed`.
    """

    def __init__(
        self, start: Start, *, limits: JobLimits, on_output: OnOutput | None = None
    ) -> None:
        """Start it.

        Raises:
            SandboxError: the program cannot be started, or an argument holds a NUL.
        """
        self._loop = asyncio.get_running_loop()
        self.output = Output(limits.kept_output)
        self._limits = limits
        self._on_output = on_output
        self._too_much = self._loop.create_future()
        self._input = memoryview(start.stdin)
        self._reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                start.argv,
                executable=start.program,
                env=start.env,
                cwd=start.cwd,
                stdin=subprocess.PIPE if start.stdin else subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                pass_fds=start.pass_fds,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            os.close(self._reading)
            raise SandboxError(f"cannot start {start.program or start.argv[0]}: {error}") from error
        finally:
            os.close(writing)
        os.set_blocking(self._reading, False)
        self._loop.add_reader(self._reading, self._read)

    @property
    def pid(self) -> int:
        """Its number outside."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, -N for a signal, None while it runs."""
        return self._process.returncode

    def feed(self) -> None:
        """Begin to give it its input."""
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
            self._loop.add_writer(self._process.stdin.fileno(), self._feed)

    async def watch(self, seconds: float) -> Killed:
        """Wait until it ends or breaks a limit; the caller kills it then, in its own way."""
        ended = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait(
                {ended, self._too_much}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not ended.done():
                ended.cancel()
        if ended.done() and not ended.cancelled():
            return ""
        return "output" if self._too_much.done() else "time"

    async def end(self) -> None:
        """Kill it and its process group if it still runs, and wait until it is gone.

        Raises:
            SandboxError: it does not die.
        """
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it ends just now
                os.killpg(self.pid, signal.SIGKILL)
        await self.gone()

    async def gone(self) -> None:
        """Wait until it is gone.

        Raises:
            SandboxError: it does not go.
        """
        try:
            await asyncio.wait_for(self._gone(), PATIENCE)
        except TimeoutError as error:
            raise SandboxError(f"process {self.pid} does not end") from error

    def close(self) -> None:
        """Take what the dead have left in the pipe, and let go of it."""
        self._loop.remove_reader(self._reading)
        while self._take() == "some":
            pass
        os.close(self._reading)
        self._stop_feeding()

    async def _gone(self) -> None:
        if self._process.poll() is not None:
            return
        if sys.platform == "linux":
            descriptor = os.pidfd_open(self.pid)
            try:
                await readable(descriptor)
            finally:
                os.close(descriptor)
            self._process.poll()
            return
        await asyncio.to_thread(self._process.wait)

    def _read(self) -> None:
        if self._take() == "end":
            self._loop.remove_reader(self._reading)

    def _take(self) -> Literal["some", "nothing", "end"]:
        """Read one chunk; the end is also reached when too much was printed."""
        if self.output.count > self._limits.printed:
            return "end"
        try:
            chunk = os.read(self._reading, _CHUNK)
        except BlockingIOError:
            return "nothing"
        if not chunk:
            return "end"
        self.output.add(chunk)
        if self._on_output is not None:
            self._on_output(chunk)
        if self.output.count > self._limits.printed and not self._too_much.done():
            self._too_much.set_result(None)
        return "some"

    def _feed(self) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        try:
            written = os.write(pipe.fileno(), self._input[:_CHUNK])
        except BlockingIOError:
            return
        except OSError:  # the command closed its input: what is left is not wanted
            written = len(self._input)
        self._input = self._input[written:]
        if not self._input:
            self._stop_feeding()

    def _stop_feeding(self) -> None:
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            self._loop.remove_writer(pipe.fileno())
            with contextlib.suppress(OSError):
                pipe.close()
