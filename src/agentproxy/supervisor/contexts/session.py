"""Keeps the session's list of tasks up to date, where a person has made the folder for it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from agentproxy.events.contract import ContractAgreed
from agentproxy.events.envelope import Fact
from agentproxy.events.run import DecisionMade, RunEnded, RunParked
from agentproxy.supervisor.contexts.tasks import (
    SessionTask,
    TaskStatus,
    read_list,
    updated,
    write_status,
)
from agentproxy.supervisor.state import State

TELLING = (ContractAgreed, DecisionMade, RunParked, RunEnded)


async def keep_session(state: State, fact: Fact, *, root: Path, run: str) -> None:
    """Write down how the tasks of a run stand after a fact that changes it; what cannot be written
    is left as it is.
    """
    if isinstance(fact, TELLING):
        await asyncio.to_thread(_keep, tasks_of(state), root, run=run)


def tasks_of(state: State) -> list[SessionTask]:
    """The parts of the task, or the task itself, each with its status."""
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
        return
