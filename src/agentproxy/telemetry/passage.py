"""A way from a worker's sandbox to the collector, so that its own spans join ours."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from agentproxy.telemetry.options import ADDRESS, SIGNALS, Protocol, Signal, address_of

CONNECTIONS = 16  # at once
CHUNK = 64 * 1024
DIAL_SECONDS = 10.0
USUAL: Mapping[Protocol, str] = {
    "grpc": "http://localhost:4317",
    "http/protobuf": "http://localhost:4318",
}
# Claude Code sends nothing without these.
CLAUDE = {"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1"}


@dataclass(frozen=True, slots=True)
class Passage:
    """Passes bytes on to one address, and reads none of them."""

    host: str
    port: int
    secure: bool
    path: str
    protocol: Protocol
    signals: tuple[Signal, ...]
    variable: str = ADDRESS  # what tells a program the address

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"

    def variables(self, at: str) -> Mapping[str, str]:
        """Returns what a program needs to send to `at`, a loopback address of its sandbox."""
        exporters = {f"OTEL_{signal.upper()}_EXPORTER": "otlp" for signal in self.signals}
        return {
            **CLAUDE,
            **exporters,
            self.variable: f"{at}{self.path}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": self.protocol,
        }

    async def serve(self, listener: socket.socket) -> None:
        """Serves until cancelled, then closes every connection."""
        at_work: set[asyncio.Task[None]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is None or len(at_work) >= CONNECTIONS:
                writer.close()
                return
            at_work.add(task)
            try:
                await self._pass_on(reader, writer)
            finally:
                at_work.discard(task)
                writer.close()

        server = await asyncio.start_server(answer, sock=listener, limit=CHUNK)
        try:
            await server.serve_forever()
        finally:
            for task in tuple(at_work):
                task.cancel()
            server.close()
            if at_work:
                await asyncio.wait(at_work)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What fails here costs the program a part of its telemetry, and nobody anything else.
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(DIAL_SECONDS):
                theirs, ours = await asyncio.open_connection(
                    self.host, self.port, ssl=self._encryption(), limit=CHUNK
                )
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, ours))
                    group.create_task(_pump(theirs, writer))
            finally:
                ours.close()

    def _encryption(self) -> ssl.SSLContext | None:
        if not self.secure:
            return None
        context = ssl.create_default_context()
        if self.protocol == "grpc":
            context.set_alpn_protocols(["h2"])
        return context


async def _pump(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(CHUNK):
            drain.write(data)
            await drain.drain()
    drain.close()


def passage_of(
    variables: Mapping[str, str], protocols: Mapping[Signal, Protocol]
) -> Passage | None:
    """Returns the passage to the collector of the traces; None where it has no such address."""
    protocol = protocols.get("traces")
    if protocol is None:
        return None
    own = variables.get(address_of("traces"), "")
    found = urlsplit(own or variables.get(ADDRESS) or USUAL[protocol])
    if not found.hostname:
        return None
    secure = found.scheme == "https"
    path = found.path.rstrip("/") if protocol == "http/protobuf" else ""
    signals: list[Signal] = [each for each in SIGNALS if protocols.get(each) == protocol]
    return Passage(
        found.hostname,
        found.port or (443 if secure else 80),
        secure=secure,
        path=path,
        protocol=protocol,
        # To an address of their own go traces alone.
        signals=("traces",) if own else tuple(signals),
        variable=address_of("traces") if own else ADDRESS,
    )
