"""A child and what a sandbox does around it, open from its start to its end."""

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
from agentproxy.workspace.sandbox.process import Child, Killed, Start
from agentproxy.workspace.sandbox.processes import signal_oldest_child


def ended_with(
    code: int | None,
    child: Child,
    *,
    killed: Killed,
    begun: float,
    refused: tuple[str, ...] = (),
) -> Ended:
    """How a child ended, that begun at this monotonic time; `code` is that of the command in it."""
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
    """What a sandbox does around a child of its own."""

    async def begin(self) -> bool:
        """Let the command begin; false when the sandbox was not set up, or has ended before."""
        ...

    async def serve(self) -> None:
        """Answer what the command may reach, until cancelled."""
        ...

    async def end(self) -> None:
        """End the child and everything that came from it, and wait until it is so."""
        ...

    def ended(self, killed: Killed) -> Ended:
        """How it ended.

        Raises:
            SandboxError: the sandbox had not been set up.
        """
        ...

    @property
    def parent(self) -> int | None:
        """The process whose oldest child is the command; None when there is none (any more)."""
        ...


class OpenProcess:
    """A child with its enclosure, as the port describes it: `open_child` starts and ends it."""

    def __init__(self, child: Child, enclosure: Enclosure, *, seconds: float) -> None:
        self._child = child
        self._enclosure = enclosure
        self._killed: Killed = ""
        self._life = asyncio.create_task(self._live(seconds))

    @property
    def pid(self) -> int:
        """The process outside that keeps the command."""
        return self._child.pid

    @property
    def stdin(self) -> InputPipe:
        """What the command reads from."""
        return self._child.stdin

    @property
    def stdout(self) -> OutputPipe:
        """What the command prints."""
        return self._child.stdout

    @property
    def stderr(self) -> OutputPipe:
        """What the command says beside that; at its end at once where the two are joined."""
        return self._child.stderr

    def signal(self, number: int) -> None:
        """Send a signal to the command alone; nothing happens when it has ended."""
        parent = None if self._life.done() else self._enclosure.parent
        if parent is not None:
            signal_oldest_child(parent, number)

    def terminate(self) -> None:
        """End the job now, whole, without asking."""
        self._child.stop()

    async def wait(self) -> Ended:
        """Wait until nothing of the job is left.

        Raises:
            SandboxError: the sandbox could not be set up, or something in it does not die.
        """
        await asyncio.shield(self._life)
        return self._enclosure.ended(self._killed)

    async def _live(self, seconds: float) -> None:
        """Let it run to its end or its limits; afterwards nothing of it is left."""
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(self._enclosure.serve())
                self._killed = await self._child.watch(seconds)
                serving.cancel()
        finally:
            try:
                await finish_though_cancelled(self._enclosure.end())
            finally:
                self._child.close()

    async def finish(self) -> None:
        """End it whole, if it still runs."""
        self.terminate()
        await self._life


@contextlib.asynccontextmanager
async def open_child(
    child: Child, enclosure: Enclosure, *, seconds: float, on_start: OnStart | None = None
) -> AsyncGenerator[OpenProcess]:
    """A child that was just started, kept until it ends, breaks a limit or the context is left.

    Raises:
        SandboxError: the sandbox could not be set up, or something in it does not die.
    """
    process = OpenProcess(child, enclosure, seconds=seconds)
    try:
        if on_start is not None:
            on_start(child.pid)
        if not await enclosure.begin():
            await process.wait()
        yield process
    finally:
        await finish_though_cancelled(process.finish())


async def run_through(process: OpenProcess, stdin: bytes, on_output: OnOutput | None) -> Ended:
    """Give a process whose outputs are joined all its input, read all that it prints, and wait."""
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
    with contextlib.suppress(InputClosed):  # the command does not want what is left
        await pipe.write(data)
    pipe.close()


@dataclass(frozen=True, slots=True)
class NoEnclosure:
    """The enclosure of a tool of our own, which nothing is isolated from."""

    child: Child
    begun: float = field(default_factory=time.monotonic)

    async def begin(self) -> bool:
        """It has begun."""
        return True

    async def serve(self) -> None:
        """Nothing is answered."""

    async def end(self) -> None:
        """End it and its group."""
        await self.child.end()

    def ended(self, killed: Killed) -> Ended:
        """How it ended."""
        return ended_with(self.child.code, self.child, killed=killed, begun=self.begun)

    @property
    def parent(self) -> int | None:
        """Signals are not passed on."""
        return None


async def run_tool(argv: tuple[str, ...], *, env: Mapping[str, str], limits: JobLimits) -> Ended:
    """Run a program of the system's or our own to its end, without a sandbox.

    Raises:
        SandboxError: it cannot be started, or does not die.
    """
    child = Child(Start(argv=argv, env=env), limits)
    async with open_child(child, NoEnclosure(child), seconds=limits.seconds) as process:
        return await run_through(process, b"", None)
