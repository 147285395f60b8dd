"""Connects a job to the egress proxy and to its services."""

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

_PORT: Final = 3128  # of the egress proxy; the services have the next ports
_SECONDS: Final = 20.0
_FIRST: Final = Path(__file__).with_name("init.py")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class SandboxNetwork:
    """The egress proxy and the services of a job. Empty for a job without them."""

    def __init__(self, access: Access) -> None:
        """Raises `SandboxError` for an invalid grant, or for services on the host's network."""
        self._servers: dict[int, Serve] = {}
        self._proxy: EgressProxy | None = None
        self.descriptors: tuple[int, ...] = ()
        self.mounts: Sequence[Argument] = ()
        self.env: Mapping[str, str] = {}
        if access.mode == "hosts":
            self._open_proxy(access, beside=len(access.services))
        for port, service in enumerate(access.services, start=_PORT + 1):
            self._servers[port] = service.serve
            self.env = {**self.env, **service.variables(f"http://127.0.0.1:{port}")}
        self.opened = not self._servers
        if self.opened:
            return
        if access.mode == "host":
            raise SandboxError("a job on the host's own network cannot have services")
        # The sandbox has a network namespace without a way out. Its first program opens ports there
        # and passes the listeners to this process: only these sockets connect the two sides.
        self._python, python = own_python()
        self.mounts = (*python, "--ro-bind", str(_FIRST), f"{OWN}/init.py")
        self._control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.descriptors = (self._theirs.fileno(),)

    def _open_proxy(self, access: Access, *, beside: int) -> None:
        try:
            grants = HostGrants(access.hosts, private=access.private)
        except ValueError as error:
            raise SandboxError(str(error)) from error
        self._proxy = EgressProxy(grants)
        self._servers[_PORT] = self._proxy.serve
        self.env = _variables(grants, services=range(_PORT + 1, _PORT + 1 + beside))

    @property
    def refused(self) -> tuple[str, ...]:
        return self._proxy.refused if self._proxy else ()

    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """Returns the command line that opens the ports and then starts `argv`."""
        if not self._servers:
            return argv
        first = (self._python, "-I", "-S", f"{OWN}/init.py", str(self._theirs.fileno()))
        return (*first, *map(str, self._servers), "--", *argv)

    async def serve(self) -> None:
        """Serves until cancelled. Returns at once if the job never passes its listeners."""
        if not self._servers:
            return
        listeners = await self._receive_listeners()
        async with contextlib.AsyncExitStack() as stack:
            for listener in listeners:
                stack.enter_context(listener)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for serve, listener in zip(self._servers.values(), listeners, strict=False):
                group.create_task(_answer(serve, listener))

    async def _receive_listeners(self) -> Sequence[socket.socket]:
        # A failure here also ends the first program, and its exit code is reported.
        self._theirs.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await readable(self._control.fileno())
            _, handed, _, _ = socket.recv_fds(self._control, 16, len(self._servers))
            listeners = [socket.socket(fileno=each) for each in handed]
            if len(listeners) < len(self._servers):
                for listener in listeners:
                    listener.close()
                return ()
            self.opened = True
            self._control.send(b"ok")
            return listeners
        return ()

    def close(self) -> None:
        if self._servers:
            self._control.close()
            self._theirs.close()


async def _answer(serve: Serve, listener: socket.socket) -> None:
    await serve(listener)


def _variables(grants: HostGrants, *, services: Iterable[int]) -> Mapping[str, str]:
    # A job's servers listen on its own loopback, so that goes past the proxy unless it is granted.
    proxy = f"http://127.0.0.1:{_PORT}"
    hosts = [host for host in _LOOPBACK if host not in grants.loopback]
    direct = ",".join([*hosts, *(f"127.0.0.1:{port}" for port in services)])
    values = {"http_proxy": proxy, "https_proxy": proxy, "all_proxy": proxy, "no_proxy": direct}
    return values | {name.upper(): value for name, value in values.items()}
