"""The way out of a sandbox that was granted some hosts: an HTTP proxy which passes only these.

Names are resolved here, once, and the address that was judged is the one that is dialled. What is
refused is refused at once, in words: a program that waits for an answer would hang.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from agentproxy.workspace.sandbox.egress_allowlist import (
    Authority,
    HostGrants,
    Refused,
    forbidden,
    parse_authority,
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[str, int], Awaitable[Stream]]

_HEAD_SECONDS: Final = 10.0
_DIAL_SECONDS: Final = 15.0
_LINGER_SECONDS: Final = 1.0
_HEAD_BYTES: Final = 32768
_CONNECTIONS: Final = 256
_CHUNK: Final = 65536
_NOTED: Final = 100
_OURS: Final = ("host", "connection", "keep-alive", "upgrade", "te", "trailer")


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system's resolver tells them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Gate:
    """Serves a listener that a sandbox handed out.

    A tunnel lives until both sides have closed, or the job ends and `serve` is cancelled.
    """

    def __init__(
        self,
        grants: HostGrants,
        *,
        resolve: Resolve = resolve_by_system,
        dial: Dial = asyncio.open_connection,
        head_seconds: float = _HEAD_SECONDS,
    ) -> None:
        self._grants = grants
        self._resolve = resolve
        self._dial = dial
        self._head_seconds = head_seconds
        self._refused: dict[str, None] = {}
        self._open = 0

    @property
    def refused(self) -> tuple[str, ...]:
        """The first refusals, each once, as "host:port reason"."""
        return tuple(self._refused)

    async def serve(self, listener: socket.socket) -> None:
        """Serve until cancelled; the listener is closed then, and every connection with it."""
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        with listener:
            async with asyncio.TaskGroup() as group:
                while True:
                    try:
                        connection, _ = await loop.sock_accept(listener)
                    except OSError:  # out of descriptors, or the client is gone again
                        await asyncio.sleep(0.05)
                        continue
                    group.create_task(self._admit(connection))

    async def _admit(self, connection: socket.socket) -> None:
        self._open += 1
        # What may fail here: one side is gone, and nobody is there to tell.
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection(sock=connection, limit=_HEAD_BYTES)
            try:
                await self._answer(reader, writer)
            finally:
                writer.close()
        self._open -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        what = "?"
        try:
            self._room()
            method, target, fields = await _read_head(reader, seconds=self._head_seconds)
            what = target
            wanted, first = _understand(method, target, fields)
            what = str(wanted)
            self._grants.check(wanted)
            address = await self._address(wanted)
        except Refused as reason:
            self._note(what, str(reason))
            await _say(writer, "403 Forbidden", f"the sandbox's gate: {reason}")
            await _linger(reader)
            return
        await self._pass_on((reader, writer), (address, wanted.port), first)

    async def _pass_on(self, client: Stream, address: tuple[str, int], first: bytes) -> None:
        try:
            async with asyncio.timeout(_DIAL_SECONDS):
                server = await self._dial(*address)
        except (OSError, TimeoutError):
            await _say(client[1], "502 Bad Gateway", "the sandbox's gate: no connection")
            return
        try:
            if first:
                server[1].write(first)
            else:
                client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(client[0], server[1]))
                group.create_task(_copy(server[0], client[1]))
        finally:
            server[1].close()

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

    def _room(self) -> None:
        if self._open > _CONNECTIONS:
            raise Refused("too many connections")

    def _note(self, what: str, reason: str) -> None:
        if len(self._refused) < _NOTED:
            plain = "".join(each if "!" <= each <= "~" else "?" for each in what[:200])
            self._refused[f"{plain} {reason}"] = None


async def _read_head(
    reader: asyncio.StreamReader, *, seconds: float
) -> tuple[str, str, list[bytes]]:
    """Method, target and the header lines.

    Raises:
        Refused: it is too long, too slow, cut off, or no request.
    """
    try:
        async with asyncio.timeout(seconds):
            head = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError as error:
        raise Refused("the request did not come in time") from error
    except asyncio.LimitOverrunError as error:
        raise Refused("the request is too long") from error
    except asyncio.IncompleteReadError as error:
        raise Refused("the request was cut off") from error
    line, *fields = head[:-4].split(b"\r\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not _is_plain(words[1]):
        raise Refused("not a request to a proxy")
    return words[0], words[1], fields


def _understand(method: str, target: str, fields: list[bytes]) -> tuple[Authority, bytes]:
    """Where a request wants to go, and the bytes to begin with there (none for a tunnel).

    The Host that the client wrote is replaced: only the target was judged.

    Raises:
        Refused: the target is not `host:port` for CONNECT, `http://host[:port]/...` otherwise.
    """
    if method == "CONNECT":
        return parse_authority(target), b""
    if target[:7].lower() != "http://":
        raise Refused("neither CONNECT nor an http:// address")
    rest = target[7:]
    cut = min((at for each in "/?#" if (at := rest.find(each)) >= 0), default=len(rest))
    wanted = parse_authority(rest[:cut], default_port=80)
    path = rest[cut:] if rest[cut:].startswith("/") else f"/{rest[cut:]}"
    kept = [field for field in fields if _is_the_servers(field)]
    first = f"{method} {path} HTTP/1.1\r\nHost: {wanted}\r\nConnection: close".encode("latin-1")
    return wanted, b"\r\n".join([first, *kept, b"", b""])


def _is_plain(text: str) -> bool:
    return bool(text) and all("!" <= each <= "~" for each in text)


def _is_the_servers(field: bytes) -> bool:
    """Whether a header line goes on to the server.

    Raises:
        Refused: it is not a header line, so that two readers could read it differently.
    """
    name, colon, _ = field.partition(b":")
    plain = name.decode("latin-1").lower()
    if not colon or not _is_plain(plain) or any(each in field for each in b"\n\r\0"):
        raise Refused("a malformed header line")
    return plain not in _OURS and not plain.startswith("proxy-")


async def _say(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = text.encode() + b"\n"
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    async with asyncio.timeout(_HEAD_SECONDS):
        await writer.drain()
    writer.write_eof()


async def _linger(reader: asyncio.StreamReader) -> None:
    """Take what the client still sends: closing over it would lose our answer on its way."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(_CHUNK):
                pass


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes until this side ends; the other is told so. A lost side ends both."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        with contextlib.suppress(OSError):
            writer.transport.abort()
