"""An HTTP proxy through which a sandbox reaches its granted hosts, and no others."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from agentproxy.net.listener import serve_connections
from agentproxy.net.request import Bounds, ClientGone, Malformed, RequestHead
from agentproxy.workspace.sandbox.egress_allowlist import (
    Authority,
    EgressRefused,
    HostGrants,
    forbidden,
    parse_authority,
)

if TYPE_CHECKING:
    from agentproxy.net.connection import Connection

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
ServerStream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[str, int], Awaitable[ServerStream]]

BOUNDS: Final = Bounds(idle_seconds=10.0, write_seconds=600.0, connections=256)
_DIAL_SECONDS: Final = 15.0
_CHUNK: Final = 65536
_NOTED: Final = 100
_OURS: Final = ("host", "connection", "keep-alive", "upgrade", "te", "trailer")
_TUNNEL: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Returns the addresses of a name, from the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class EgressProxy:
    """Serves a listener of a sandbox. A tunnel lives until both sides close, or the job ends."""

    def __init__(
        self,
        grants: HostGrants,
        *,
        resolve: Resolve = resolve_by_system,
        dial: Dial = asyncio.open_connection,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._grants = grants
        self._resolve = resolve
        self._dial = dial
        self._bounds = bounds
        self._refused: dict[str, None] = {}

    @property
    def refused(self) -> tuple[str, ...]:
        """The first refusals as "host:port reason", without duplicates."""
        return tuple(self._refused)

    async def serve(self, listener: socket.socket) -> None:
        """Serves until cancelled, then closes the listener and every connection."""
        await serve_connections(
            listener, self._answer, refuse=self._refuse_another, bounds=self._bounds
        )

    async def _refuse_another(self, client: "Connection") -> None:
        await self._refuse(client, "?", reason="too many connections")

    async def _answer(self, client: "Connection") -> None:
        what = "?"
        try:
            head = await _head(client)
            what = head.target
            wanted, first = _parse_target(head)
            what = str(wanted)
            self._grants.check(wanted)
            address = await self._address(wanted)
        except (EgressRefused, Malformed) as reason:
            await self._refuse(client, what, reason=str(reason))
            return
        await self._pass_on(client, (address, wanted.port), first=first)

    async def _refuse(self, client: "Connection", what: str, *, reason: str) -> None:
        self._note(what, reason)
        await _say(client, 403, reason)

    async def _pass_on(
        self, client: "Connection", address: tuple[str, int], *, first: bytes
    ) -> None:
        try:
            async with asyncio.timeout(_DIAL_SECONDS):
                reader, writer = await self._dial(*address)
        except (OSError, TimeoutError):
            await _say(client, 502, "the host does not accept the connection")
            return
        try:
            if first:
                writer.write(first)
            else:
                await client.send(_TUNNEL)
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy_up(client, writer))
                group.create_task(_copy_down(reader, client))
        except* (OSError, ClientGone):
            # Reset, not closed: the other side must not take this for the end of the data.
            client.stream.reset()
            writer.transport.abort()
        finally:
            writer.close()

    async def _address(self, wanted: Authority) -> str:
        """Resolves the host, or raises `Refused`."""
        if wanted.literal is not None:
            return wanted.host  # the grant names this address itself
        # Resolved once: the address that is checked is the one that is dialled, so a name cannot
        # change to a private address in between.
        try:
            async with asyncio.timeout(_DIAL_SECONDS):
                found = await self._resolve(wanted.host, wanted.port)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise EgressRefused("the host name does not resolve") from error
        may_be_private = self._grants.may_be_private(wanted)
        for text in found:
            if may_be_private or not forbidden(ipaddress.ip_address(text)):
                return text
        raise EgressRefused("the host name resolves to an address that is not public")

    def _note(self, what: str, reason: str) -> None:
        if len(self._refused) < _NOTED:
            plain = "".join(each if "!" <= each <= "~" else "?" for each in what[:200])
            self._refused[f"{plain} {reason}"] = None


async def _head(client: "Connection") -> RequestHead:
    head = await client.head()
    if head is None:
        raise EgressRefused("the client sent no request in time")
    return head


def _parse_target(head: RequestHead) -> tuple[Authority, bytes]:
    """Returns the target of a request, and the bytes to send there first (none for a tunnel).

    Raises:
        Refused: the target is not `host:port` for CONNECT, or `http://host[:port]/...` otherwise.
    """
    target = head.target
    if head.method == "CONNECT":
        return parse_authority(target), b""
    if target[:7].lower() != "http://":
        raise EgressRefused("the request is neither CONNECT nor for an http:// address")
    rest = target[7:]
    cut = min((at for each in "/?#" if (at := rest.find(each)) >= 0), default=len(rest))
    wanted = parse_authority(rest[:cut], default_port=80)
    path = rest[cut:] if rest[cut:].startswith("/") else f"/{rest[cut:]}"
    kept = [b"%s: %s" % (name, value) for name, value in head.lines if _is_forwarded(name)]
    # Our own Host in place of the client's: only the target has been checked.
    first = f"{head.method} {path} HTTP/1.1\r\nHost: {wanted}\r\nConnection: close".encode(
        "latin-1"
    )
    return wanted, b"\r\n".join([first, *kept, b"", b""])


def _is_forwarded(name: bytes) -> bool:
    plain = name.decode("latin-1").lower()
    return plain not in _OURS and not plain.startswith("proxy-")


async def _say(client: "Connection", status: int, text: str) -> None:
    # Answered at once and in words: a client whose connection is only dropped may wait for ever.
    body = f"the sandbox's proxy: {text}\n".encode()
    await client.refuse(status, body, kind="text/plain")


async def _copy_up(client: "Connection", writer: asyncio.StreamWriter) -> None:
    while piece := await client.stream.receive():
        writer.write(piece)
        await writer.drain()
    writer.write_eof()


async def _copy_down(reader: asyncio.StreamReader, client: "Connection") -> None:
    while piece := await reader.read(_CHUNK):
        await client.send(piece)
    client.stream.end_sending()
