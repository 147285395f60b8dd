"""Drives a run: starts effects that are due, cancels those that are not, and waits."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.engine.context import Context
from agentproxy.engine.face import EffectId, Face, Handler
from agentproxy.engine.recorder import SCOPE, Recorder, Scope
from agentproxy.engine.slots import Slots
from agentproxy.engine.state import RunState
from agentproxy.events.envelope import Fact

S = TypeVar("S", bound=RunState)
D = TypeVar("D")
Tasks = dict[EffectId, asyncio.Task[None]]
Faults = Callable[[EffectId, Exception], Fact | None]


def raise_faults(_key: EffectId, _error: Exception) -> Fact | None:
    return None


@dataclass(frozen=True, slots=True)
class Engine(Generic[S, D]):
    """One run and the parts that drive it."""

    face: Face[S, D]
    recorder: Recorder[S]
    context: Context[S, D]
    # Turns a handler's exception into a fact. With None, `drive` raises the exception.
    faults: Faults = raise_faults
    # How many effects of a kind run at once.
    slots: Mapping[str, Slots] = field(default_factory=dict[str, Slots])
    # Of the surrounding effect, where this run is driven inside an effect of another run.
    prefix: str = ""
    actor: str = ""

    async def drive(self) -> None:
        """Drive the run until it ends or is parked. All its tasks have ended on return or error."""
        running: Tasks = {}
        try:
            await self._drive(running)
        finally:
            await _cancel(running, running.keys())

    async def _drive(self, running: Tasks) -> None:
        recorder = self.recorder
        while True:
            # Cleared before the state is read: a fact recorded later must end the wait below. It
            # can come from elsewhere, such as a command, while every task still runs.
            recorder.changed.clear()
            ended = _collect(running)
            wanted = self.face.due(recorder.state)
            # Their facts must remove them from `due`, or the loop would start them forever.
            if still := ended & wanted.keys():
                raise RuntimeError(f"the effect {min(still)} ended, but is still due")
            if stale := running.keys() - wanted.keys():
                # While tasks are cancelled, facts may be recorded: decide again.
                await _cancel(running, stale)
                continue
            if not wanted:
                return
            # In the order of `due`: the first ones get the first places.
            for key in [each for each in wanted if each not in running]:
                running[key] = task = asyncio.create_task(self._perform(key, wanted[key]), name=key)
                # Its end rings too: a wait for all tasks would be set up anew at each fact.
                task.add_done_callback(self._ring)
            await recorder.changed.ringing()

    def _ring(self, _task: asyncio.Task[None]) -> None:
        self.recorder.changed.set()

    async def _perform(self, key: EffectId, effect: object) -> None:
        handler = self.face.handler(effect)
        actor = handler.actor(effect) if handler.actor else self.actor or self.face.actor
        SCOPE.set(Scope(f"{self.prefix}{key}", actor))
        try:
            facts = await self._handle(key, effect, handler)
        except Exception as error:  # `faults` decides which crash becomes a fact
            fault = self.faults(key, error)
            if fault is None:
                raise
            facts = (fault,)
        # The run may be stopped or parked meanwhile: later facts must not contradict that.
        await self.recorder.decide(lambda state: () if state.lifecycle.rests else facts)

    async def _handle(
        self, key: EffectId, effect: object, handler: Handler[S, D]
    ) -> Sequence[Fact]:
        slots = self.slots.get(handler.slot)
        if slots is None:
            return await self._run(key, effect, handler)
        alone = handler.alone is not None and handler.alone(effect)
        async with slots.hold(alone=alone):
            return await self._run(key, effect, handler)

    async def _run(self, key: EffectId, effect: object, handler: Handler[S, D]) -> Sequence[Fact]:
        first = handler.first_fact(f"{self.prefix}{key}", effect)
        recorder = self.recorder
        if first is not None:
            await recorder.decide(_unless_it_rests(first))
            first = None  # it need not stay beside the effect
        # What has not begun when the run is stopped or parked does not begin.
        return () if recorder.state.lifecycle.rests else await handler.run(effect, self.context)


def _unless_it_rests(fact: Fact) -> Callable[[RunState], Sequence[Fact]]:
    return lambda state: () if state.lifecycle.rests else (fact,)


def _collect(running: Tasks) -> set[EffectId]:
    """Takes out the effects that have ended. Raises the failure of the one that started first."""
    ended = [key for key, task in running.items() if task.done()]
    for key in ended:
        if (error := running.pop(key).exception()) is not None:
            raise error
    return set(ended)


async def _cancel(running: Tasks, keys: Collection[EffectId]) -> None:
    ending = {key: running.pop(key) for key in list(keys)}
    for task in ending.values():
        task.cancel()
    if ending:
        await finish_though_cancelled(asyncio.wait(ending.values()))
    for task in ending.values():
        # asyncio logs an exception that nobody reads. The run no longer needs these tasks.
        if not task.cancelled():
            task.exception()
