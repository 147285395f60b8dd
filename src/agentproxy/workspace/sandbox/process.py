"""One child process, held from its start to its end: its pipes, its limits, and its whole end."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, cast

from agentproxy.workspace.sandbox.output import Output
from agentproxy.workspace.sandbox.pipes import InputPipe, OutputPipe
from agentproxy.workspace.sandbox.port import JobLimits, SandboxError

Killed = Literal["", "time", "output", "cancelled"]

PATIENCE = 10.0  # seconds that a killed process may take to be gone


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
    """What to start. `program` is the file, where the first word of `argv` is another name.

    `joined` sends stderr where stdout goes, in the order in which they are written.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    program: Path | None = None
    cwd: Path | None = None
    pass_fds: tuple[int, ...] = ()
    joined: bool = True


class Child:
    """A started process. Nothing here raises because of what the process does.

    It is started from the thread of the running loop, which lives as long as the job: a "die with
    parent" signal follows the thread, not the process. `output` is of stderr, with stdout where
    the two are joined.
    """

    def __init__(self, start: Start, limits: JobLimits) -> None:
        """Start it.

        Raises:
            SandboxError: the program cannot be started, or an argument holds a NUL.
        """
        self.output = Output(limits.kept_output)
        self._printed = 0
        self._max_printed = limits.printed
        self._too_much = asyncio.get_running_loop().create_future()
        self._unwanted = asyncio.get_running_loop().create_future()
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
        """Its number outside."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, -N for a signal, None while it runs."""
        return self._process.returncode

    def stop(self) -> None:
        """Let `watch` return, if it still waits."""
        if not self._unwanted.done():
            self._unwanted.set_result(None)

    async def watch(self, seconds: float) -> Killed:
        """Wait until it ends, breaks a limit or is told to stop; the caller kills it then."""
        ended = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait(
                {ended, self._too_much, self._unwanted},
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            if not ended.done():
                ended.cancel()
        if ended.done() and not ended.cancelled():
            return ""
        if self._too_much.done():
            return "output"
        return "cancelled" if self._unwanted.done() else "time"

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
        """Take what the dead have left in the pipes, and let go of them."""
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
        if self._printed > self._max_printed and not self._too_much.done():
            self._too_much.set_result(None)


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
    """A pipe without another end: the output of nobody."""
    reading, writing = os.pipe()
    os.close(writing)
    return os.fdopen(reading, "rb", buffering=0)
