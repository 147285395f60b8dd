"""Finishes work although its caller is cancelled."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

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
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()
