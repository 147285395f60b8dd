"""Servers of a test that are reached plainly or with TLS."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from httpcore2 import AsyncNetworkStream

from agentproxy.models.network import AsyncioBackend, AsyncioStream

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """A way to a server of the test."""

    inside: ssl.SSLContext | None
    outside: ssl.SSLContext

    @asynccontextmanager
    async def served(self, answer: Answer) -> AsyncGenerator[int]:
        tasks: list[asyncio.Task[None] | None] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())
            with suppress(ConnectionError):
                await answer(reader, writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=self.inside)
        async with server:
            yield server.sockets[0].getsockname()[1]
            await asyncio.gather(*(task for task in tasks if task))

    @asynccontextmanager
    async def reached(self, answer: Answer) -> AsyncGenerator[AsyncioStream]:
        async with self.served(answer) as port:
            line: AsyncNetworkStream = await AsyncioBackend().connect_tcp("127.0.0.1", port, 5)
            if self.inside is not None:
                line = await line.start_tls(self.outside, "127.0.0.1", 5)
            assert isinstance(line, AsyncioStream)
            yield line
            await line.aclose()


def certificate() -> bytes:
    """A key and a certificate of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, form, plain) + made.public_bytes(pem)
