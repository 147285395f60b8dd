"""Finishes work although its caller is cancelled, and ends works that belong together."""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def finish_though_cancelled(work: Awaitable[T]) -> T:
    """Await `work` to its end, and raise a cancellation of the caller only then.

    A failure of the work is then the cause of the cancellation.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            # A plain await would pass the cancellation on to the task.
            await _ended(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()


async def _ended(task: "asyncio.Future[T]") -> None:
    # `asyncio.wait` does the same for many tasks, and takes three times as long for one.
    waiter: asyncio.Future[None] = task.get_loop().create_future()
    task.add_done_callback(lambda _: waiter.done() or waiter.set_result(None))
    await waiter


async def first_to_end(*works: Awaitable[object]) -> None:
    """Await the first of the works to end, and cancel the others.

    Raises the failure of any of them, when all have ended.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    # Not the works themselves, which would stay with this call.
    del works
    try:
        await one_is_done(tasks)
    finally:
        await _end(tasks)
    _raise_first(tasks)


async def one_is_done(futures: "Iterable[asyncio.Future[Any]]") -> None:
    """Waits until one of them is done."""
    # `asyncio.wait` does the same, and keeps 1.2 KB while it waits. A conversation waits so at four
    # places as long as it is loaded.
    watched = tuple(futures)
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring(_: "asyncio.Future[Any]") -> None:
        if not waiter.done():
            waiter.set_result(None)

    for each in watched:
        each.add_done_callback(ring)
    try:
        await waiter
    finally:
        for each in watched:
            each.remove_done_callback(ring)


async def all_together(*works: Awaitable[T]) -> list[T]:
    """Await works side by side. Where one fails, cancel the others and raise its failure."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await _end(tasks)
    _raise_first(tasks)
    return [task.result() for task in tasks]


async def _end(tasks: "Sequence[asyncio.Future[T]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_first(tasks: "Sequence[asyncio.Future[T]]") -> None:
    for task in tasks:
        # A cancelled one is no failure. Exceptions of the system are raised by their tasks.
        end = None if task.cancelled() else task.exception()
        if isinstance(end, Exception):
            raise end


class Limit:
    """A limit of time for one wait after the other, with one timer for all of them.

    `asyncio.timeout` makes and cancels a timer for each. One task at a time uses it. A wait that
    takes longer raises TimeoutError. `close` it in the end.
    """

    __slots__ = ("_cancelling", "_is_over", "_seconds", "_task", "_timer", "_until")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = math.inf  # nobody waits
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._is_over = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = task = asyncio.current_task()
        self._cancelling = task.cancelling() if task is not None else 0
        self._until = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(self._until, self._look, loop)

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._until = math.inf
        if not self._is_over:
            return
        self._is_over = False
        # Somebody else may have cancelled the task too: then it is no limit that ends it.
        alone = self._task is not None and self._task.uncancel() <= self._cancelling
        if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._until == math.inf or self._task is None:
            return
        if loop.time() < self._until:
            self._timer = loop.call_at(self._until, self._look, loop)
            return
        self._is_over = True
        self._task.cancel()


@asynccontextmanager
async def beside(work: Awaitable[T]) -> AsyncGenerator["asyncio.Future[T]"]:
    """Begins work, and cancels it with the context. Who awaits it meets its failure."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
