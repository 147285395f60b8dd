"""An HTTP client whose answers are closed for certain when a request is over, however that comes.

Some vendors' libraries leave a stream open that was cancelled in the middle: its server goes on.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar

from httpx2 import (
    AsyncBaseTransport,
    AsyncByteStream,
    AsyncClient,
    AsyncHTTPTransport,
    HTTPError,
    Request,
    Response,
    Timeout,
)

CONNECT_SECONDS = 15.0
_OPEN: ContextVar[list[AsyncByteStream]] = ContextVar("_OPEN")


class _Remembering(AsyncBaseTransport):
    """Notes the stream of each answer for whoever has asked."""

    def __init__(self) -> None:
        self._inner = AsyncHTTPTransport()

    async def handle_async_request(self, request: Request) -> Response:
        response = await self._inner.handle_async_request(request)
        streams = _OPEN.get([])
        if isinstance(response.stream, AsyncByteStream):
            streams.append(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def new_client(*, seconds: float) -> AsyncClient:
    """A client for one model; `seconds` bounds the wait for the next bytes."""
    timeout = Timeout(seconds, connect=CONNECT_SECONDS)
    return AsyncClient(transport=_Remembering(), timeout=timeout)


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
