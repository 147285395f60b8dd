"""What a job's access to the network adds to it: nothing, or listeners and a first program."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from agentproxy.workspace.sandbox.bwrap_args import OWN, Argument, own_python
from agentproxy.workspace.sandbox.egress_allowlist import HostGrants
from agentproxy.workspace.sandbox.egress_proxy import EgressProxy
from agentproxy.workspace.sandbox.port import Access, SandboxError, Serve
from agentproxy.workspace.sandbox.process import readable

_PORT: Final = 3128  # the egress proxy's; the services' follow
_SECONDS: Final = 20.0
_FIRST: Final = Path(__file__).with_name("init.py")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class WayOut:
    """The egress proxy and the services of a job; for a job without, everything here is empty.

    The sandbox has a network of its own without any way out. Its first program opens ports there
    and hands the listeners to us, so that nothing but these sockets joins the two sides.
    """

    def __init__(self, access: Access) -> None:
        """Prepare it.

        Raises:
            SandboxError: a grant cannot be read, or services are asked for on the hosts' network.
        """
        self._doors: dict[int, Serve] = {}
        self._proxy: EgressProxy | None = None
        self.descriptors: tuple[int, ...] = ()
        self.mounts: Sequence[Argument] = ()
        self.env: Mapping[str, str] = {}
        if access.mode == "hosts":
            self._open_proxy(access.hosts, beside=len(access.services))
        for port, service in enumerate(access.services, start=_PORT + 1):
            self._doors[port] = service.serve
            self.env = {**self.env, **service.variables(f"http://127.0.0.1:{port}")}
        self.opened = not self._doors
        if self.opened:
            return
        if access.mode == "host":
            raise SandboxError("a service cannot be had beside the hosts' own network")
        self._python, python = own_python()
        self.mounts = (*python, "--ro-bind", str(_FIRST), f"{OWN}/init.py")
        self._control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.descriptors = (self._theirs.fileno(),)

    def _open_proxy(self, hosts: Sequence[str], *, beside: int) -> None:
        try:
            grants = HostGrants(hosts)
        except ValueError as error:
            raise SandboxError(str(error)) from error
        self._proxy = EgressProxy(grants)
        self._doors[_PORT] = self._proxy.serve
        self.env = _variables(grants, services=range(_PORT + 1, _PORT + 1 + beside))

    @property
    def refused(self) -> tuple[str, ...]:
        """What the egress proxy refused."""
        return self._proxy.refused if self._proxy else ()

    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """What to start inside, so that the command starts."""
        if not self._doors:
            return argv
        first = (self._python, "-I", "-S", f"{OWN}/init.py", str(self._theirs.fileno()))
        return (*first, *map(str, self._doors), "--", *argv)

    async def serve(self) -> None:
        """Take the listeners and serve them until cancelled; returns when none is handed out."""
        if not self._doors:
            return
        listeners = await self._handed_out()
        async with contextlib.AsyncExitStack() as stack:
            for listener in listeners:
                stack.enter_context(listener)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for serve, listener in zip(self._doors.values(), listeners, strict=False):
                group.create_task(_answer(serve, listener))

    async def _handed_out(self) -> Sequence[socket.socket]:
        """The listeners. What fails here is the first program's end; its exit code tells of it."""
        self._theirs.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await readable(self._control.fileno())
            _, handed, _, _ = socket.recv_fds(self._control, 16, len(self._doors))
            listeners = [socket.socket(fileno=each) for each in handed]
            if len(listeners) < len(self._doors):
                return ()
            self.opened = True
            self._control.send(b"ok")
            return listeners
        return ()

    def close(self) -> None:
        """Let go of the sockets."""
        if self._doors:
            self._control.close()
            self._theirs.close()


async def _answer(serve: Serve, listener: socket.socket) -> None:
    await serve(listener)


def _variables(grants: HostGrants, *, services: Iterable[int]) -> Mapping[str, str]:
    """The proxy's address under all its names. Loopback is the sandbox's own unless granted."""
    proxy = f"http://127.0.0.1:{_PORT}"
    hosts = [host for host in _LOOPBACK if host not in grants.loopback]
    direct = ",".join([*hosts, *(f"127.0.0.1:{port}" for port in services)])
    values = {"http_proxy": proxy, "https_proxy": proxy, "all_proxy": proxy, "no_proxy": direct}
    return values | {name.upper(): value for name, value in values.items()}
