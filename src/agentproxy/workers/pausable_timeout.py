"""A time limit that pauses while somebody else decides."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import TracebackType


class PausableTimeout:
    """An async context that raises TimeoutError after `seconds`, without pauses."""

    def __init__(self, seconds: float, *, now: Callable[[], float]) -> None:
        self._seconds = seconds
        # A monotonic clock in seconds: the wall clock may jump.
        self._now = now
        self._began = now()
        self._paused = 0.0
        self._pause_began = 0.0
        self._pauses = 0
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)

    @property
    def taken(self) -> float:
        return self._now() - self._began - self._paused

    @asynccontextmanager
    async def paused(self) -> AsyncGenerator[None]:
        """Stops the clock inside. Pauses may overlap."""
        self._pauses += 1
        if self._pauses == 1:
            self._pause_began = self._now()
            self._timeout.reschedule(None)
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._resume()

    def _resume(self) -> None:
        self._paused += self._now() - self._pause_began
        # asyncio raises for a timeout that has already expired.
        if not self._timeout.expired():
            left = max(self._seconds - self.taken, 0.0)
            self._timeout.reschedule(asyncio.get_running_loop().time() + left)
