"""An HTTP client whose streams are closed when a request ends, also after a cancellation."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import cache
from ssl import SSLContext
from urllib.request import getproxies

from httpx2 import (
    AsyncByteStream,
    AsyncClient,
    HTTPError,
    InvalidURL,
    Limits,
    Response,
    Timeout,
    create_ssl_context,
)

from agentproxy.models.exchanges import AsyncioTransport
from agentproxy.models.port import ModelRefused

CONNECT_SECONDS = 15.0
KEPT_CONNECTIONS = 20
_NEAR = ("all://localhost", "all://127.0.0.0/8", "all://[::1]")  # never asked through a proxy
# google-genai 2.34 leaves a cancelled stream open, and then the server continues to write.
_OPEN: ContextVar[list[AsyncByteStream]] = ContextVar("_OPEN")


async def _remember(response: Response) -> None:
    if isinstance(response.stream, AsyncByteStream):
        _OPEN.get([]).append(response.stream)


def new_client(*, seconds: float, connections: int | None = 100) -> AsyncClient:
    """Returns a client that uses the proxies of the environment.

    `seconds` bounds the wait for the next bytes. At most `connections` are open; None is no bound.

    Raises:
        ModelRefused: a proxy cannot be used.
    """
    limits = Limits(max_connections=connections, max_keepalive_connections=KEPT_CONNECTIONS)
    certificates = _certificates()
    try:
        return AsyncClient(
            verify=certificates,
            mounts=dict.fromkeys(_NEAR),
            event_hooks={"response": [_remember]},
            timeout=Timeout(seconds, connect=CONNECT_SECONDS),
            limits=limits,
            # httpx2 ignores its proxies when a transport is given.
            transport=None if _has_proxies() else AsyncioTransport(certificates, limits),
        )
    except (ValueError, InvalidURL, ImportError) as error:
        raise ModelRefused(
            f"a proxy of the environment cannot be used ({type(error).__name__})",
            cure="correct or unset HTTPS_PROXY, HTTP_PROXY and ALL_PROXY",
        ) from error


def _has_proxies() -> bool:
    return any(name in getproxies() for name in ("http", "https", "all"))


@cache
def _certificates() -> SSLContext:
    # Reading them takes 25 ms. All clients of a process may have the same ones.
    return create_ssl_context()


def check_proxies() -> None:
    """Raises ModelRefused if a proxy of the environment cannot be used."""
    new_client(seconds=CONNECT_SECONDS)


@asynccontextmanager
async def closing() -> AsyncGenerator[None]:
    """Closes every stream that begins inside the block, when the block is left."""
    streams: list[AsyncByteStream] = []
    token = _OPEN.set(streams)
    try:
        yield
    finally:
        _OPEN.reset(token)
        for stream in streams:
            with suppress(HTTPError, OSError, RuntimeError):
                await stream.aclose()
