"""Drives a run: starts what is due, cancels what is no longer due, awaits whatever ends first."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agentproxy.engine.context import Context
from agentproxy.engine.face import EffectId, Face, Handler
from agentproxy.engine.recorder import SCOPE, Recorder, Scope
from agentproxy.engine.state import RunState
from agentproxy.events.envelope import Fact

S = TypeVar("S", bound=RunState)
D = TypeVar("D")
Tasks = dict[EffectId, asyncio.Task[None]]
Faults = Callable[[EffectId, Exception], Fact | None]


def raise_faults(_key: EffectId, _error: Exception) -> Fact | None:
    """No fault becomes a fact: all are raised to the caller of `drive`."""
    return None


@dataclass(frozen=True, slots=True)
class Engine(Generic[S, D]):
    """One run and what it is driven with.

    `faults` turns a handler's exception into a fact, or gives None, and then `drive` raises it.
    `slots` bound how many effects of a kind run at once. `prefix` and `actor` are those of the
    effect of another run inside which this one is driven.
    """

    face: Face[S, D]
    recorder: Recorder[S]
    context: Context[S, D]
    faults: Faults = raise_faults
    slots: Mapping[str, asyncio.Semaphore] = field(default_factory=dict[str, asyncio.Semaphore])
    prefix: str = ""
    actor: str = ""

    async def drive(self) -> None:
        """Bring the run as far as it goes: to its end, or to where it is parked.

        Everything that it started has ended when this returns or raises.
        """
        running: Tasks = {}
        try:
            await self._drive(running)
        finally:
            await _cancel(running, running.keys())

    async def _drive(self, running: Tasks) -> None:
        recorder = self.recorder
        while True:
            # Before the state is read: what is recorded from here on must end the wait below.
            recorder.changed.clear()
            wanted = self.face.due(recorder.state)
            if stale := running.keys() - wanted.keys():
                # Cancelling takes time in which anything may be recorded: decide anew after it.
                await _cancel(running, stale)
                continue
            if not wanted:
                return
            for key in wanted.keys() - running.keys():
                running[key] = asyncio.create_task(self._perform(key, wanted[key]), name=key)
            await _something_happens(recorder.changed, running.values())
            self._collect(running)

    def _collect(self, running: Tasks) -> None:
        for key in [key for key, task in running.items() if task.done()]:
            error = running.pop(key).exception()
            if error is not None:
                raise error
            if key in self.face.due(self.recorder.state):
                raise RuntimeError(f"the effect {key} ended and left no trace")

    async def _perform(self, key: EffectId, effect: object) -> None:
        handler = self.face.handler(effect)
        actor = handler.actor(effect) if handler.actor else self.actor or self.face.actor
        SCOPE.set(Scope(f"{self.prefix}{key}", actor))
        try:
            facts = await self._handle(key, effect, handler)
        except Exception as error:  # a crash of an effect becomes a fact, where the face says so
            fault = self.faults(key, error)
            if fault is None:
                raise
            facts = (fault,)
        # What ends after the run was stopped or parked must not contradict it.
        await self.recorder.decide(lambda state: () if state.lifecycle.rests else facts)

    async def _handle(
        self, key: EffectId, effect: object, handler: Handler[S, D]
    ) -> Sequence[Fact]:
        slot = self.slots.get(handler.slot)
        if slot is None:
            return await self._run(key, effect, handler)
        async with slot:
            return await self._run(key, effect, handler)

    async def _run(self, key: EffectId, effect: object, handler: Handler[S, D]) -> Sequence[Fact]:
        first = handler.first_fact(f"{self.prefix}{key}", effect)
        if first is not None:
            await self.recorder.record(first)
        return await handler.run(effect, self.context)


async def _something_happens(changed: asyncio.Event, tasks: Collection[asyncio.Task[None]]) -> None:
    waiting = asyncio.ensure_future(changed.wait())
    try:
        await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        await asyncio.wait({waiting})


async def _cancel(running: Tasks, keys: Collection[EffectId]) -> None:
    """Cancel tasks and wait until each has ended, whatever it ends with."""
    ending = {key: running.pop(key) for key in list(keys)}
    for task in ending.values():
        task.cancel()
    if ending:
        await asyncio.wait(ending.values())
    for task in ending.values():
        if not task.cancelled():
            task.exception()
