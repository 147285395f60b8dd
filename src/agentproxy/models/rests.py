"""Wakes those that rest, in rounds: a timer for each would cost as much as its read."""

import asyncio
import math
from collections.abc import Callable

ROUND_SECONDS = 0.005


class Rests:
    """The rests of one event loop."""

    def __init__(self) -> None:
        # By their number since the clock began.
        self._rounds: dict[int, list[Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, go_on: Callable[[], None], seconds: float) -> None:
        """Calls `go_on`, which may not raise, in so many seconds or a little later."""
        loop = asyncio.get_running_loop()
        number = math.ceil((loop.time() + seconds) / ROUND_SECONDS)
        if (resting := self._rounds.get(number)) is not None:
            resting.append(go_on)
            return
        self._rounds[number] = [go_on]
        self._plan(loop)

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        due = min(self._rounds) * ROUND_SECONDS
        if self._timer is None or due < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(due, self._wake, loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for number in sorted(self._rounds):
            if number * ROUND_SECONDS > now:
                break
            for go_on in self._rounds.pop(number):
                go_on()
        # Those of later rounds may be the only ones that rest.
        if self._rounds:
            self._plan(loop)
