"""An HTTP client whose answers are closed for certain when a request is over, however that comes.

Some vendors' libraries leave a stream open that was cancelled in the middle: its server goes on.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar

from httpx2 import AsyncByteStream, AsyncClient, HTTPError, InvalidURL, Response, Timeout

from agentproxy.models.port import ModelRefused

CONNECT_SECONDS = 15.0
_NEAR = ("all://localhost", "all://127.0.0.0/8", "all://[::1]")  # never asked through a proxy
_OPEN: ContextVar[list[AsyncByteStream]] = ContextVar("_OPEN")


async def _remember(response: Response) -> None:
    """Note the stream of an answer for whoever has asked."""
    if isinstance(response.stream, AsyncByteStream):
        _OPEN.get([]).append(response.stream)


def new_client(*, seconds: float) -> AsyncClient:
    """A client for one model; `seconds` bounds the wait for the next bytes. It asks through the
    proxies that the environment names.

    Raises:
        ModelRefused: one of them cannot be used.
    """
    try:
        return AsyncClient(
            mounts=dict.fromkeys(_NEAR),
            event_hooks={"response": [_remember]},
            timeout=Timeout(seconds, connect=CONNECT_SECONDS),
        )
    except (ValueError, InvalidURL, ImportError) as error:
        raise ModelRefused(
            f"a proxy of the environment cannot be used ({type(error).__name__})",
            cure="look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY",
        ) from error


def check_proxies() -> None:
    """Let pass an environment whose proxies can be used.

    Raises:
        ModelRefused: one of them cannot.
    """
    new_client(seconds=CONNECT_SECONDS)


@asynccontextmanager
async def closing() -> AsyncGenerator[None]:
    """Every answer that is begun inside is closed when it is left."""
    streams: list[AsyncByteStream] = []
    token = _OPEN.set(streams)
    try:
        yield
    finally:
        _OPEN.reset(token)
        for stream in streams:
            with suppress(HTTPError, OSError, RuntimeError):
                await stream.aclose()
