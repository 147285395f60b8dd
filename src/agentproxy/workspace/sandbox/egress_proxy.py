"""The way out of a sandbox that was granted some hosts: an HTTP proxy which passes only these.

Names are resolved here, once, and the address that was judged is the one that is dialled. What is
refused is refused at once, in words: a program that waits for an answer would hang.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from agentproxy.net.listener import serve_connections
from agentproxy.net.request import Bounds, ClientGone, Malformed, RequestHead
from agentproxy.workspace.sandbox.egress_allowlist import (
    Authority,
    HostGrants,
    Refused,
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
    """The addresses of a name, as the system's resolver tells them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class EgressProxy:
    """Serves a listener that a sandbox handed out.

    A tunnel lives until both sides have closed, or the job ends and `serve` is cancelled.
    """

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
        """The first refusals, each once, as "host:port reason"."""
        return tuple(self._refused)

    async def serve(self, listener: socket.socket) -> None:
        """Serve until cancelled; the listener is closed then, and every connection with it."""
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
            wanted, first = _understand(head)
            what = str(wanted)
            self._grants.check(wanted)
            address = await self._address(wanted)
        except (Refused, Malformed) as reason:
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
            await _say(client, 502, "no connection")
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
            # A lost side ends both, and neither takes it for the end of what was sent.
            client.stream.reset()
            writer.transport.abort()
        finally:
            writer.close()

    async def _address(self, wanted: Authority) -> str:
        """The address to dial.

        Raises:
            Refused: the name leads nowhere, or only where no name may lead.
        """
        if wanted.literal is not None:
            return wanted.host  # granted by this very address
        try:
            async with asyncio.timeout(_DIAL_SECONDS):
                found = await self._resolve(wanted.host, wanted.port)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise Refused("the name does not resolve") from error
        for text in found:
            if not forbidden(ipaddress.ip_address(text)):
                return text
        raise Refused("the name leads to an address that is not public")

    def _note(self, what: str, reason: str) -> None:
        if len(self._refused) < _NOTED:
            plain = "".join(each if "!" <= each <= "~" else "?" for each in what[:200])
            self._refused[f"{plain} {reason}"] = None


async def _head(client: "Connection") -> RequestHead:
    head = await client.head()
    if head is None:
        raise Refused("no request came in time")
    return head


def _understand(head: RequestHead) -> tuple[Authority, bytes]:
    """Where a request wants to go, and the bytes to begin with there (none for a tunnel).

    The Host that the client wrote is replaced: only the target was judged.

    Raises:
        Refused: the target is not `host:port` for CONNECT, `http://host[:port]/...` otherwise.
    """
    target = head.target
    if head.method == "CONNECT":
        return parse_authority(target), b""
    if target[:7].lower() != "http://":
        raise Refused("neither CONNECT nor an http:// address")
    rest = target[7:]
    cut = min((at for each in "/?#" if (at := rest.find(each)) >= 0), default=len(rest))
    wanted = parse_authority(rest[:cut], default_port=80)
    path = rest[cut:] if rest[cut:].startswith("/") else f"/{rest[cut:]}"
    kept = [b"%s: %s" % (name, value) for name, value in head.lines if _is_the_servers(name)]
    first = f"{head.method} {path} HTTP/1.1\r\nHost: {wanted}\r\nConnection: close".encode(
        "latin-1"
    )
    return wanted, b"\r\n".join([first, *kept, b"", b""])


def _is_the_servers(name: bytes) -> bool:
    """Whether a header line goes on to the server."""
    plain = name.decode("latin-1").lower()
    return plain not in _OURS and not plain.startswith("proxy-")


async def _say(client: "Connection", status: int, text: str) -> None:
    body = f"the sandbox's proxy: {text}\n".encode()
    await client.refuse(status, body, kind="text/plain")


async def _copy_up(client: "Connection", writer: asyncio.StreamWriter) -> None:
    """Carry bytes until the client has said all; the server is told so."""
    while piece := await client.stream.receive():
        writer.write(piece)
        await writer.drain()
    writer.write_eof()


async def _copy_down(reader: asyncio.StreamReader, client: "Connection") -> None:
    """Carry bytes until the server has said all; the client is told so."""
    while piece := await reader.read(_CHUNK):
        await client.send(piece)
    client.stream.end_sending()
