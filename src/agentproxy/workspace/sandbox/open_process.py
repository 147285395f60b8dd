"""Runs a child together with the parts that its sandbox adds, from start to end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.workspace.sandbox.pipes import InputPipe, OutputPipe
from agentproxy.workspace.sandbox.port import (
    Ended,
    InputClosed,
    JobLimits,
    OnOutput,
    OnStart,
)
from agentproxy.workspace.sandbox.process import Killed, Start, StartedProcess
from agentproxy.workspace.sandbox.processes import signal_oldest_child


def ended_with(
    code: int | None,
    child: StartedProcess,
    *,
    killed: Killed,
    begun: float,
    refused: tuple[str, ...] = (),
) -> Ended:
    """Returns the result of a child. `begun` is monotonic; `code` is the command's exit code."""
    return Ended(
        ending="timed_out" if killed == "time" else "exited",
        exit_code=None if killed == "time" else code,
        seconds=time.monotonic() - begun,
        output=child.output.text(),
        output_bytes=child.output.count,
        digest=child.output.digest,
        killed=killed,
        refused=refused,
    )


class Enclosure(Protocol):
    """The parts that a sandbox adds to a child."""

    async def begin(self) -> bool:
        """Starts the command. Returns False if the sandbox was not set up or has ended."""
        ...

    async def serve(self) -> None:
        """Runs the proxy and the services until cancelled."""
        ...

    async def end(self) -> None:
        """Kills every process of the job, and waits until they have ended."""
        ...

    def ended(self, killed: Killed) -> Ended:
        """Returns the result, or raises `SandboxError` if the sandbox was not set up."""
        ...

    @property
    def parent(self) -> int | None:
        """The process whose oldest child is the command, or None."""
        ...


class OpenProcess:
    """A job with its enclosure, as the port defines it. `open_child` starts and ends it."""

    def __init__(self, child: StartedProcess, enclosure: Enclosure) -> None:
        self._child = child
        self._enclosure = enclosure
        self._killed: Killed = ""
        self._life = asyncio.create_task(self._live())

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def stdin(self) -> InputPipe:
        return self._child.stdin

    @property
    def stdout(self) -> OutputPipe:
        return self._child.stdout

    @property
    def stderr(self) -> OutputPipe:
        """At its end from the start if stdout and stderr are joined."""
        return self._child.stderr

    def signal(self, number: int) -> None:
        parent = None if self._life.done() else self._enclosure.parent
        if parent is not None:
            signal_oldest_child(parent, number)

    def terminate(self) -> None:
        self._child.stop()

    async def wait(self) -> Ended:
        # Shielded: a caller that stops waiting must not end the job.
        await asyncio.shield(self._life)
        return self._enclosure.ended(self._killed)

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(self._enclosure.serve())
                self._killed = await self._child.watch()
                serving.cancel()
        finally:
            try:
                await finish_though_cancelled(self._enclosure.end())
            finally:
                self._child.close()

    async def finish(self) -> None:
        self.terminate()
        await self._life


@contextlib.asynccontextmanager
async def open_child(
    child: StartedProcess, enclosure: Enclosure, *, on_start: OnStart | None = None
) -> AsyncGenerator[OpenProcess]:
    """Keeps a started child until it ends, breaks a limit or the context ends."""
    process = OpenProcess(child, enclosure)
    try:
        if on_start is not None:
            on_start(child.pid)
        if not await enclosure.begin():
            await process.wait()
        yield process
    finally:
        await finish_though_cancelled(process.finish())


async def run_through(process: OpenProcess, stdin: bytes, on_output: OnOutput | None) -> Ended:
    """Writes all input, reads all output, and waits for the end. The outputs are joined."""
    # At the same time: a process that waits for its reader reads no input.
    feeding = asyncio.create_task(_feed(process.stdin, stdin))
    try:
        while chunk := await process.stdout.read():
            if on_output is not None:
                on_output(chunk)
        return await process.wait()
    finally:
        feeding.cancel()
        await asyncio.wait({feeding})


async def _feed(pipe: InputPipe, data: bytes) -> None:
    with contextlib.suppress(InputClosed):  # a command need not read all of its input
        await pipe.write(data)
    pipe.close()


@dataclass(frozen=True, slots=True)
class NoEnclosure:
    """The enclosure of a trusted program, which runs without a sandbox."""

    child: StartedProcess
    begun: float = field(default_factory=time.monotonic)

    async def begin(self) -> bool:
        return True

    async def serve(self) -> None:
        return

    async def end(self) -> None:
        await self.child.end()

    def ended(self, killed: Killed) -> Ended:
        return ended_with(self.child.code, self.child, killed=killed, begun=self.begun)

    @property
    def parent(self) -> int | None:
        return None


async def run_tool(argv: tuple[str, ...], *, env: Mapping[str, str], limits: JobLimits) -> Ended:
    """Runs a trusted program to its end, without a sandbox.

    Raises:
        SandboxError: the program does not start, or does not die.
    """
    child = StartedProcess(Start(argv=argv, env=env), limits)
    async with open_child(child, NoEnclosure(child)) as process:
        return await run_through(process, b"", None)
