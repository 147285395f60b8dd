"""The supervisor's loop: starts what is due, awaits whatever ends first, obeys commands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

from agentproxy.events.commands import Command
from agentproxy.events.envelope import CommandId, Draft, Event, Fact
from agentproxy.supervisor.effects import Effect, EffectId
from agentproxy.supervisor.reduce import due, reduce
from agentproxy.supervisor.state import State

Append = Callable[[Sequence[Draft], Sequence[CommandId]], Awaitable[Sequence[Event]]]
Perform = Callable[[Effect], Awaitable[None]]
Arrivals = AsyncIterator[tuple[CommandId, Command]]
Obey = Callable[[CommandId, Command], Awaitable[None]]
After = Callable[[Fact], Awaitable[None]]
Tasks = dict[EffectId, asyncio.Task[None]]


class Recorder:
    """Appends to the journal and folds into the state, in one order. Nothing else changes it.

    `after` is awaited when a fact has been folded.
    """

    def __init__(self, state: State, append: Append, *, after: After | None = None) -> None:
        self.state = state
        self.changed = asyncio.Event()
        self._append = append
        self._after = after
        self._lock = asyncio.Lock()

    async def record(
        self,
        fact: Fact,
        *,
        actor: str = "supervisor",
        cause: str = "",
        taken: Sequence[CommandId] = (),
    ) -> None:
        """On disk and in the state when it returns; a cancelled caller does not tear the two."""
        draft = Draft(actor=actor, fact=fact, cause=cause)
        recording = asyncio.ensure_future(self._record(draft, taken))
        recording.add_done_callback(_let_go)
        await asyncio.shield(recording)

    async def _record(self, draft: Draft, taken: Sequence[CommandId]) -> None:
        async with self._lock:
            for event in await self._append([draft], taken):
                reduce(self.state, event)
            self.changed.set()
            if self._after is not None:
                await self._after(draft.fact)


def _let_go(recording: asyncio.Future[None]) -> None:
    """A failure whose caller was cancelled is told to nobody: whoever records next meets it."""
    if not recording.cancelled():
        recording.exception()


async def supervise(
    recorder: Recorder, *, perform: Perform, arrivals: Arrivals, obey: Obey
) -> None:
    """Bring the run as far as it goes: to its end, or to where it is parked.

    What is under way and no longer due is cancelled, and has ended when this returns.
    """
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(_listen(arrivals, obey))
        try:
            await _go_on(recorder, perform, group)
        finally:
            listening.cancel()


async def _go_on(recorder: Recorder, perform: Perform, group: asyncio.TaskGroup) -> None:
    running: Tasks = {}
    while True:
        wanted = due(recorder.state)
        await _cancel(running, keep=wanted)
        if not wanted:
            return
        for key, effect in wanted.items():
            if key not in running:
                running[key] = group.create_task(_perform(perform, effect), name=key)
        recorder.changed.clear()
        await _something_happens(recorder.changed, running.values())
        for key in [key for key, task in running.items() if task.done()]:
            del running[key]
            if key in due(recorder.state):
                raise RuntimeError(f"the effect {key} ended and left no trace")


async def _perform(perform: Perform, effect: Effect) -> None:
    await perform(effect)


async def _listen(arrivals: Arrivals, obey: Obey) -> None:
    async for number, command in arrivals:
        await obey(number, command)


async def _something_happens(changed: asyncio.Event, tasks: Collection[asyncio.Task[None]]) -> None:
    waiting = asyncio.ensure_future(changed.wait())
    try:
        await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _cancel(running: Tasks, *, keep: Collection[EffectId]) -> None:
    stale = [key for key in running if key not in keep]
    for key in stale:
        running[key].cancel()
    for key in stale:
        await asyncio.wait({running.pop(key)})
