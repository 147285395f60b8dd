"""Runs one child process: its pipes, its limits, and its end with its process group."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, cast

from agentproxy.workspace.sandbox.output import Output
from agentproxy.workspace.sandbox.pipes import InputPipe, OutputPipe
from agentproxy.workspace.sandbox.port import JobLimits, SandboxError

Killed = Literal["", "time", "output", "cancelled"]

PATIENCE = 10.0  # seconds that a killed process may take to end


async def readable(descriptor: int) -> None:
    """Waits until there is data to read, or the other end is closed."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


@dataclass(frozen=True, slots=True)
class Start:
    argv: tuple[str, ...]
    env: Mapping[str, str]
    program: Path | None = None  # the file, if argv[0] is another name
    cwd: Path | None = None
    pass_fds: tuple[int, ...] = ()
    joined: bool = True  # one pipe for stdout and stderr, which keeps their order


class StartedProcess:
    """A started process. `output` has stderr, and stdout too if the two are joined."""

    def __init__(self, start: Start, limits: JobLimits) -> None:
        """Raises `SandboxError` if the program does not start."""
        self.output = Output(limits.kept_output)
        self._limits = limits
        self._printed = 0
        self._too_much = asyncio.get_running_loop().create_future()
        self._unwanted = asyncio.get_running_loop().create_future()
        # In the thread of the running loop, which lives as long as the job: a "die with parent"
        # signal comes when the thread ends, not the process.
        self._process = _popen(start)
        self.stdin = InputPipe(_ours(self._process.stdin))
        self.stdout = OutputPipe(
            _ours(self._process.stdout), self._keep if start.joined else self._count
        )
        self.stderr = OutputPipe(
            _nothing() if start.joined else _ours(self._process.stderr), self._keep
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, -N for a signal, None while the process runs."""
        return self._process.returncode

    def stop(self) -> None:
        """Makes `watch` return."""
        if not self._unwanted.done():
            self._unwanted.set_result(None)

    async def watch(self) -> Killed:
        """Waits until the process ends, breaks a limit or is stopped. Never kills it."""
        ended = asyncio.ensure_future(self._gone())
        late = asyncio.ensure_future(_time_is_up(self._limits))
        try:
            await asyncio.wait(
                {ended, late, self._too_much, self._unwanted},
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            ended.cancel()
            late.cancel()
        if ended.done() and not ended.cancelled():
            return ""
        if self._too_much.done():
            return "output"
        return "cancelled" if self._unwanted.done() else "time"

    async def end(self) -> None:
        """Kills the process and its group. Raises `SandboxError` if it does not die."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended
                os.killpg(self.pid, signal.SIGKILL)
        await self.gone()

    async def gone(self) -> None:
        """Waits for the end of the process, or raises `SandboxError`."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._gone()
        except TimeoutError as error:
            raise SandboxError(f"the process {self.pid} does not end") from error

    def close(self) -> None:
        """Reads what is left in the pipes, and closes them."""
        self.stdin.close()
        self.stdout.finish()
        self.stderr.finish()

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

    def _keep(self, chunk: bytes) -> None:
        self.output.add(chunk)
        self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        self._printed += len(chunk)
        if self._printed > self._limits.printed and not self._too_much.done():
            self._too_much.set_result(None)


async def _time_is_up(limits: JobLimits) -> None:
    began = time.monotonic()
    await asyncio.sleep(limits.seconds)
    if limits.extended is not None:
        in_all = await limits.extended()
        await asyncio.sleep(began + in_all - time.monotonic())


def _popen(start: Start) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            start.argv,
            bufsize=0,
            executable=start.program,
            env=start.env,
            cwd=start.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if start.joined else subprocess.PIPE,
            pass_fds=start.pass_fds,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise SandboxError(f"cannot start {start.program or start.argv[0]}: {error}") from error


def _ours(pipe: IO[bytes] | None) -> BinaryIO:
    if pipe is None:
        raise ValueError("not started with a pipe")
    return cast("BinaryIO", pipe)


def _nothing() -> BinaryIO:
    # A pipe that is at its end, in place of a separate stderr.
    reading, writing = os.pipe()
    os.close(writing)
    return os.fdopen(reading, "rb", buffering=0)
