"""A bell that tasks of one event loop wait for."""

import asyncio


class Bell:
    """Does what asyncio.Event does. That one takes 800 bytes, and a conversation has many."""

    __slots__ = ("_rung", "_waiting")

    def __init__(self) -> None:
        self._rung = False
        self._waiting: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        return self._rung

    def set(self) -> None:
        self._rung = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def clear(self) -> None:
        self._rung = False

    async def wait(self) -> None:
        if not self._rung:
            await self.ringing()

    def ringing(self) -> asyncio.Future[None]:
        """Returns what is done once it rings; who no longer waits cancels it."""
        ringing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._rung:
            ringing.set_result(None)
        else:
            # Those that gave up are left out here, so that nobody has to say so.
            self._waiting = [each for each in self._waiting if not each.done()]
            self._waiting.append(ringing)
        return ringing
