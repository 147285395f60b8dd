"""Callers in event loops that wait for a thread."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """A caller that waits. The thread sets `answer` or `error`, and `settle` tells it."""

    __slots__ = ("_waiter", "answer", "error", "loop")
    answer: T
    error: BaseException | None

    def __init__(self, waiter: asyncio.Future[T]) -> None:
        self.loop = waiter.get_loop()
        self.error = None
        self._waiter = waiter

    @property
    def is_waited_for(self) -> bool:
        return not self._waiter.done()

    def settle(self) -> None:
        """Only the caller's event loop calls this."""
        if self._waiter.done():
            return
        if self.error is not None:
            self._waiter.set_exception(self.error)
        else:
            self._waiter.set_result(self.answer)


class AnyWaiting(Protocol):
    """A caller that waits for any answer."""

    loop: asyncio.AbstractEventLoop
    error: BaseException | None

    @property
    def is_waited_for(self) -> bool: ...
    def settle(self) -> None: ...


def settle(ready: Sequence[AnyWaiting]) -> None:
    """Tells callers from a thread, with one call into each event loop: each call wakes the loop."""
    for loop in {each.loop for each in ready}:
        mine = [each for each in ready if each.loop is loop]
        # A closed loop has no waiting caller.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_here, mine)


def _settle_here(ready: Sequence[AnyWaiting]) -> None:
    for each in ready:
        each.settle()
