"""What bubblewrap tells of itself: the first process inside, and how the command ended."""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Final, Literal, cast

from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.sandbox.process import PATIENCE, readable

_LOOK: Final = 0.001  # seconds between two looks at a sandbox that is being set up
_LOOKS: Final = 20_000


class BwrapStatus:
    """The reading end of bubblewrap's status, and a hold on the first process inside.

    Bubblewrap writes the exit code only when the command had been started: without one, the
    sandbox was not set up. The descriptor is closed before the command runs.
    """

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._first: int | None = None
        self._pid = 0
        self._started = self._loop.create_future()
        self.exit_code: int | None = None
        self._loop.add_reader(self._reading, self._read)

    def handed_over(self) -> None:
        """Close our copy of the writing end, once the child has its own."""
        os.close(self.writing)
        self.writing = -1

    @property
    def first(self) -> int | None:
        """The number outside of the first process inside, while we hold it."""
        return self._pid if self._first is not None else None

    async def tied(self) -> bool:
        """Wait until all inside would die with us; false when there is nobody left to tie.

        Bubblewrap's outer process binds itself to us before it starts the inner one, the inner one
        to the outer just before it takes the filter on: where the filter is seen, both are bound.
        """
        # Shielded: a cancelled waiter would cancel the future itself, and `kill` would not wait.
        await asyncio.shield(self._started)
        for _ in range(_LOOKS):
            if self._first is None:
                return False
            match _filter_of(self._pid):
                case "on":
                    return True
                case "gone":
                    return False
                case "off":
                    await asyncio.sleep(_LOOK)
        return False

    async def kill(self) -> bool:
        """Kill the first process inside, and with it, by the kernel, everything inside.

        False when no such process has been told of.
        """
        # A kill before the first word would leave a process that is not yet bound to its parent.
        await asyncio.wait({self._started}, timeout=1.0)
        if self._first is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        return True

    async def empty(self) -> None:
        """Make sure that nothing is left inside, and return when it is so.

        Raises:
            SandboxError: something inside does not die.
        """
        self._read()
        if self._first is None:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        try:
            await asyncio.wait_for(readable(self._first), PATIENCE)
        except TimeoutError as error:
            raise SandboxError("processes in the sandbox do not end") from error

    def close(self) -> None:
        """Let go of everything."""
        if self.writing >= 0:
            self.handed_over()
        self._loop.remove_reader(self._reading)
        os.close(self._reading)
        if self._first is not None:
            os.close(self._first)
            self._first = None

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._reading, 4096)
            except BlockingIOError:
                return
            if not chunk:
                self._loop.remove_reader(self._reading)
                self._settle()
                return
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._learn(line)

    def _learn(self, line: bytes) -> None:
        told = cast("dict[str, int]", json.loads(line))
        self.exit_code = told.get("exit-code", self.exit_code)
        pid = told.get("child-pid")
        if pid is not None:
            self._pid = pid
            self._first = _hold(pid, namespace=told.get("pid-namespace"))
            self._settle()

    def _settle(self) -> None:
        if not self._started.done():
            self._started.set_result(None)


def _filter_of(pid: int) -> Literal["on", "off", "gone"]:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "gone"
    return "on" if "\nSeccomp:\t2\n" in status else "off"


def _hold(pid: int, *, namespace: int | None) -> int | None:
    """A descriptor of the process, unless its number belongs to somebody else by now."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        # The number of the namespace is the proof; without it (older versions) the number was
        # read at once, while its parent could not yet have collected it.
        if namespace is None or Path(f"/proc/{pid}/ns/pid").stat().st_ino == namespace:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
