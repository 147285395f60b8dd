"""Limits how many effects of a kind run at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager


class Slots:
    """Places for effects that run side by side. An effect may ask to be alone."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._free = asyncio.Semaphore(number)
        # Whoever waits for all places is not overtaken, and does not wait for another such one.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def hold(self, *, alone: bool) -> AsyncGenerator[None]:
        async with AsyncExitStack() as held:
            async with self._turn:
                for _ in range(self.number if alone else 1):
                    await held.enter_async_context(self._free)
            yield
