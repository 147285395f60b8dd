"""Updates the session's task list, if a person made the folder for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.envelope import Event
from agentproxy.events.run import DecisionMade, RunEnded, RunParked
from agentproxy.supervisor.contexts.tasks import (
    SessionTask,
    TaskStatus,
    read_list,
    updated,
    write_status,
)
from agentproxy.supervisor.state import State

STATUS_FACTS = (ContractAgreed, DecisionMade, RunParked, RunEnded)


@dataclass
class SessionKeeper:
    """Writes the tasks of a run into the session's list, beside the run."""

    state: State
    root: Path
    run: str
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def note(self, event: Event) -> None:
        """Notes an event that may change the list."""
        if isinstance(event.fact, STATUS_FACTS):
            self._changed.set()

    async def keep(self) -> None:
        """Writes after each change, until cancelled."""
        while True:
            await self._changed.wait()
            await self.write()

    async def write(self) -> None:
        """Writes now, if anything changed since the last write."""
        async with self._lock:
            if self._changed.is_set():
                self._changed.clear()
                keep = asyncio.to_thread(_keep, tasks_of(self.state), self.root, run=self.run)
                # A thread cannot be cancelled: an older state must not be written after a newer.
                await finish_though_cancelled(keep)


def tasks_of(state: State) -> list[SessionTask]:
    """Returns the parts of the task, or the task itself, each with its status."""
    parts = state.contract.parts if state.contract else ()
    texts = [each.task for each in parts] if len(parts) > 1 else [state.require_order().task]
    return [_task(state, place, text) for place, text in enumerate(texts)]


def _task(state: State, place: int, text: str) -> SessionTask:
    ended, parked = state.ended, state.parked
    verified = ended is not None and ended.verdict == "verified"
    status: TaskStatus = "pending"
    note = ""
    if verified or place < state.part:
        status, note = "done", "verified"
    elif place == state.part:
        status = "blocked" if ended or parked else "in_progress"
        note = ("stopped" if ended.stopped else ended.verdict) if ended else ""
        note = note or (f"waits: {parked.why}" if parked else f"round {state.round}")
    return SessionTask(text, status, note=note)


def _keep(tasks: Sequence[SessionTask], root: Path, *, run: str) -> None:
    try:
        before = read_list(root)
        if before is None:
            return
        now = updated(before, run=run, tasks=tasks)
        if now != before:
            write_status(root, now)
    except OSError:
        # A list that cannot be written stays as it is. The run goes on.
        return
