"""What people and services ask about runs; reads the journal and changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentproxy.app.run_ownership import is_alive
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import CommandIgnored
from agentproxy.events.run import EXIT_BY_PARKING, EXIT_BY_VERDICT, RunCreated, RunEnded, RunParked
from agentproxy.journal.port import Journal, RunHead
from agentproxy.supervisor.state import State

RunStatus = Literal[
    "running", "verified", "refuted", "unverified", "stopped", "waiting", "parked", "cut_off"
]
CUT_OFF = 130
LOOK_AFTER = 1.0  # seconds without news, after which a follower looks whether the owner lives


class NoSuchRun(Exception):
    """No run, or more than one, has a number that begins so."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list. `created` and `changed` are Unix times."""

    run: RunId
    task: str
    repository: str
    status: RunStatus
    created: float
    changed: float


async def list_runs(journal: Journal) -> Sequence[RunRow]:
    """All runs, newest first."""
    return [await _row(journal, head) for head in await journal.heads()]


async def _row(journal: Journal, head: RunHead) -> RunRow:
    first = head.first.fact
    order = first.request if isinstance(first, RunCreated) else None
    return RunRow(
        run=head.first.run,
        task=order.task if order else "",
        repository=order.repository if order else "",
        status=await _status(journal, head.last),
        created=head.first.time,
        changed=head.last.time,
    )


async def _status(journal: Journal, last: Event) -> RunStatus:
    if not isinstance(last.fact, RunEnded) and is_alive((await journal.lease(last.run)).holder):
        return "running"
    match await _how_it_stands(journal, last):
        case RunEnded(stopped=True):
            return "stopped"
        case RunEnded(verdict=verdict):
            return verdict
        case RunParked(why="human"):
            return "waiting"
        case RunParked():
            return "parked"
        case _:
            return "cut_off"


async def _how_it_stands(journal: Journal, last: Event) -> Fact:
    """The fact that says so: a command that came too late may stand after it."""
    at = last.seq
    while isinstance(last.fact, CommandIgnored) and at > 1:
        at -= 1
        (last,) = await journal.read(last.run, after=at - 1, limit=1)
    return last.fact


async def find_run(journal: Journal, given: str, *, repository: str = "") -> RunId:
    """The run whose number begins so; "" means the newest of this repository.

    Raises:
        NoSuchRun: none has, or several have.
    """
    heads = await journal.heads()
    if not given:
        for head in heads:
            fact = head.first.fact
            if isinstance(fact, RunCreated) and fact.request.repository == repository:
                return head.first.run
        raise NoSuchRun("there is no run of this repository yet; pa list shows all runs")
    matching = [head.first.run for head in heads if head.first.run.startswith(given)]
    if given in matching or len(matching) == 1:
        return RunId(given) if given in matching else matching[0]
    if not matching:
        raise NoSuchRun(f"no run has a number that begins with {given!r}; pa list shows them")
    raise NoSuchRun(f"{len(matching)} runs begin with {given!r}: {', '.join(matching[:5])}")


def exit_code(state: State) -> int:
    """What a run's state says to the shell."""
    if state.ended is not None:
        return EXIT_BY_VERDICT[state.ended.verdict]
    if state.parked is not None:
        return EXIT_BY_PARKING[state.parked.why]
    return CUT_OFF


async def is_live(journal: Journal, run: RunId) -> bool:
    """Whether a process works on the run now."""
    last = await journal.read(run)
    if last and isinstance(last[-1].fact, RunEnded | RunParked):
        return False
    return is_alive((await journal.lease(run)).holder)


async def follow_live(journal: Journal, run: RunId, *, after: int) -> AsyncIterator[Event]:
    """The events with `seq > after` as they come, until the run parks or ends or is cut off."""
    follower = journal.follow(run, after=after)
    upcoming = asyncio.ensure_future(anext(follower))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=LOOK_AFTER)
            if not done:
                if is_alive((await journal.lease(run)).holder):
                    continue
                return
            event = upcoming.result()
            yield event
            if isinstance(event.fact, RunEnded | RunParked):
                return
            upcoming = asyncio.ensure_future(anext(follower))
    finally:
        upcoming.cancel()
