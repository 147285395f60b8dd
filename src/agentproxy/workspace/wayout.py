"""What a job's access to the network adds to it: nothing, or a gate and a first program."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from agentproxy.workspace.child import readable
from agentproxy.workspace.gate import Gate
from agentproxy.workspace.grants import Grants
from agentproxy.workspace.layout import OWN, Word, own_python
from agentproxy.workspace.sandbox import Access, SandboxError

_PORT: Final = 3128
_SECONDS: Final = 20.0
_FIRST: Final = Path(__file__).with_name("inside.py")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class WayOut:
    """The gate of a job that was granted hosts; for other jobs everything here is empty.

    The sandbox has a network of its own without any way out. Its first program opens a port there
    and hands the listener to us, so that nothing but this socket joins the two sides.
    """

    def __init__(self, access: Access) -> None:
        """Prepare it.

        Raises:
            SandboxError: a grant cannot be read.
        """
        self._gate: Gate | None = None
        self.opened = access.mode != "hosts"
        self.descriptors: tuple[int, ...] = ()
        self.mounts: Sequence[Word] = ()
        self.env: Mapping[str, str] = {}
        if access.mode != "hosts":
            return
        try:
            grants = Grants(access.hosts)
        except ValueError as error:
            raise SandboxError(str(error)) from error
        self._gate = Gate(grants)
        self._python, python = own_python()
        self.mounts = (*python, "--ro-bind", str(_FIRST), f"{OWN}/inside.py")
        self.env = _variables(grants)
        self._control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.descriptors = (self._theirs.fileno(),)

    @property
    def refused(self) -> tuple[str, ...]:
        """What the gate refused."""
        return self._gate.refused if self._gate else ()

    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """What to start inside, so that the command starts."""
        if self._gate is None:
            return argv
        first = (self._python, "-I", "-S", f"{OWN}/inside.py", str(self._theirs.fileno()))
        return (*first, str(_PORT), "--", *argv)

    async def serve(self) -> None:
        """Take the listener and serve it until cancelled; returns when none is handed out."""
        if self._gate is None:
            return
        self._theirs.close()
        # What fails here is the first program's end; its own exit code tells of it.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await readable(self._control.fileno())
            _, handed, _, _ = socket.recv_fds(self._control, 16, 1)
            if not handed:
                return
            listener = socket.socket(fileno=handed[0])
            self.opened = True
            self._control.send(b"ok")
            await self._gate.serve(listener)

    def close(self) -> None:
        """Let go of the sockets."""
        if self._gate is not None:
            self._control.close()
            self._theirs.close()


def _variables(grants: Grants) -> Mapping[str, str]:
    """The proxy's address under all its names. Loopback is the sandbox's own unless granted."""
    gate = f"http://127.0.0.1:{_PORT}"
    direct = ",".join(host for host in _LOOPBACK if host not in grants.loopback)
    values = {"http_proxy": gate, "https_proxy": gate, "all_proxy": gate, "no_proxy": direct}
    return values | {name.upper(): value for name, value in values.items()}
