"""Reads bubblewrap's status: the first process in the sandbox, and the command's exit code."""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Final, Literal, cast

from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.sandbox.process import PATIENCE, readable

_POLL_SECONDS: Final = 0.001
_MAX_POLLS: Final = 20_000


class BwrapStatus:
    """The status pipe, and a descriptor of the first process in the sandbox.

    There is an exit code only if bubblewrap started the command.
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

    def close_writing_end(self) -> None:
        """Closes the writing end, when the child has its own copy."""
        os.close(self.writing)
        self.writing = -1

    @property
    def first(self) -> int | None:
        """The host's number of the first process in the sandbox."""
        return self._pid if self._first is not None else None

    async def wait_until_bound(self) -> bool:
        """Waits until the sandbox dies with this process. Returns False if it has ended."""
        # Shielded: a cancelled waiter would cancel the future itself, and `kill` would not wait.
        await asyncio.shield(self._started)
        # Bubblewrap's outer process sets its death signal before it starts the inner one. The inner
        # one sets its own just before it loads the filter: with a filter, both are bound.
        for _ in range(_MAX_POLLS):
            if self._first is None:
                return False
            match _filter_of(self._pid):
                case "on":
                    return True
                case "gone":
                    return False
                case "off":
                    await asyncio.sleep(_POLL_SECONDS)
        return False

    async def kill(self) -> bool:
        """Kills the sandbox. Returns False if its first process was never reported."""
        # A kill before the first report would leave a process that is not yet bound to its parent.
        await asyncio.wait({self._started}, timeout=1.0)
        if self._first is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        return True

    async def empty(self) -> None:
        """Kills every process in the sandbox, and waits until they have ended.

        Raises:
            SandboxError: a process does not die.
        """
        self._read()
        if self._first is None:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        try:
            async with asyncio.timeout(PATIENCE):
                await readable(self._first)
        except TimeoutError as error:
            raise SandboxError(
                f"a process in the sandbox does not end {PATIENCE:.0f} seconds after SIGKILL"
            ) from error

    def close(self) -> None:
        if self.writing >= 0:
            self.close_writing_end()
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
        report = cast("dict[str, int]", json.loads(line))
        self.exit_code = report.get("exit-code", self.exit_code)
        pid = report.get("child-pid")
        if pid is not None:
            self._pid = pid
            self._first = _hold(pid, namespace=report.get("pid-namespace"))
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
    """Returns a descriptor of the process, or None if another process has its number now."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        # The number of its namespace identifies the process. Older versions of bubblewrap do not
        # report it; there the pid was read at once, before its parent could have collected it.
        if namespace is None or Path(f"/proc/{pid}/ns/pid").stat().st_ino == namespace:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
