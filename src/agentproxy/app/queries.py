"""Answers questions about runs from the journal; changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agentproxy.app.context import App
from agentproxy.app.holders import is_alive
from agentproxy.events.envelope import Event, RunId
from agentproxy.events.run import (
    EXIT_BY_PARKING,
    EXIT_BY_VERDICT,
    Order,
    RunCreated,
    RunEnded,
    RunParked,
    SegmentStarted,
)
from agentproxy.journal.port import PAGE_RUNS, Lease, RunHead, UnreadableFact
from agentproxy.supervisor.state import State

RunStatus = Literal[
    "running",
    "verified",
    "refuted",
    "unverified",
    "stopped",
    "waiting",
    "parked",
    "cut_off",
    "unreadable",
]
CUT_OFF = 130
MOST_NAMED = 5
LIST_ALL = "list the runs of all repositories with pa list"
LATE_EVENTS = 32
LOOK_AFTER = 1.0  # seconds without an event, after which a follower asks whether the owner is alive


class NoSuchRun(Exception):
    def __init__(self, message: str, *, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list. `created` and `changed` are Unix times, `problem` why it is unreadable."""

    run: RunId
    task: str
    repository: str
    status: RunStatus
    created: float
    changed: float
    problem: str = ""


async def list_runs(
    app: App, *, limit: int = PAGE_RUNS, before: RunId | None = None
) -> Sequence[RunRow]:
    """Returns runs that began before the run `before`, newest first. Raises UnknownRun."""
    heads = await app.journal.heads(limit=limit, before=before)
    return [row_of(await at_rest(app, head)) for head in heads]


async def at_rest(app: App, head: RunHead) -> RunHead:
    """Returns the head with the end of its segment as its last event, if it has ended."""
    if isinstance(head.last.fact, RunParked | RunEnded | UnreadableFact):
        return head
    # What effects had begun to record when the segment ended stands behind its end.
    newest = await app.journal.read(head.first.run, after=max(head.last.seq - LATE_EVENTS, 0))
    for event in reversed(newest):
        if isinstance(event.fact, RunParked | RunEnded):
            return replace(head, last=event)
        if isinstance(event.fact, SegmentStarted):
            break
    return head


def row_of(head: RunHead) -> RunRow:
    first = head.first.fact
    request = first.request if isinstance(first, RunCreated) else None
    request = request if isinstance(request, Order) else None
    problem = problem_of(head)
    return RunRow(
        run=head.first.run,
        task=request.task if request else "",
        repository=request.repository if request else "",
        status="unreadable" if problem else status_of(head),
        created=head.first.time,
        changed=head.last.time,
        problem=problem,
    )


def problem_of(head: RunHead) -> str:
    """Why the summary of a run cannot be read, or ""."""
    facts = (head.first.fact, head.last.fact)
    return next((fact.why for fact in facts if isinstance(fact, UnreadableFact)), "")


def status_of(head: RunHead) -> RunStatus:
    # The lease is asked last: the process of a parked run may still be alive (decision 14).
    match head.last.fact:
        case RunEnded(stopped=True):
            return "stopped"
        case RunEnded(verdict=verdict):
            return verdict
        case RunParked(why="human"):
            return "waiting"
        case RunParked():
            return "parked"
        case UnreadableFact():
            return "unreadable"
        case _:
            return "running" if _is_held(head.lease) else "cut_off"


def _is_held(lease: Lease) -> bool:
    return lease.holder is not None and is_alive(lease.holder)


async def find_run(app: App, given: str, *, repository: str = "") -> RunId:
    """Returns the run whose number begins with `given`. Raises NoSuchRun."""
    if not given:
        newest = await app.journal.heads(limit=1, repository=repository)
        if newest:
            return newest[0].first.run
        raise NoSuchRun("this repository has no run yet", cure=LIST_ALL)
    # A conversation, or an agent that works for one, is named only where no run is meant.
    runs = await app.journal.named(given, limit=MOST_NAMED + 1, face="supervised")
    matching = runs or await app.journal.named(given, limit=MOST_NAMED + 1)
    # A complete number wins, even if other numbers begin with it.
    if matching and (len(matching) == 1 or given in matching):
        return await _supervised(app, RunId(given) if given in matching else matching[0])
    if not matching:
        raise NoSuchRun(f"no run number begins with {given!r}", cure=LIST_ALL)
    many = len(matching) if len(matching) <= MOST_NAMED else f"more than {MOST_NAMED}"
    raise NoSuchRun(
        f"{many} run numbers begin with {given!r}: {', '.join(matching[:MOST_NAMED])}",
        cure="type more characters of the number",
    )


async def _supervised(app: App, run: RunId) -> RunId:
    first = (await app.journal.read(run, limit=1))[0].fact
    if isinstance(first, RunCreated) and first.face == "conversation":
        text = f"{run} is a conversation, not a supervised run"
        raise NoSuchRun(text, cure=f"pa chat --resume {run} goes on with it")
    if isinstance(first, RunCreated) and first.face != "supervised":
        text = f"{run} is an agent that works for a conversation"
        raise NoSuchRun(text, cure="pa chat --list lists the conversations")
    return run


def exit_code(state: State) -> int:
    if state.ended is not None:
        return EXIT_BY_VERDICT[state.ended.verdict]
    if state.parked is not None:
        return EXIT_BY_PARKING[state.parked.why]
    return CUT_OFF


async def is_live(app: App, run: RunId) -> bool:
    """Returns whether a process works on the run. Raises UnknownRun."""
    return status_of(await app.journal.head(run)) == "running"


async def follow_live(app: App, run: RunId, *, after: int) -> AsyncIterator[Event]:
    """Yields events with `seq > after` until the run parks, ends or is cut off."""
    follower = app.journal.follow(run, after=after)
    upcoming = asyncio.ensure_future(anext(follower))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=LOOK_AFTER)
            if not done:
                if _is_held(await app.journal.lease(run)):
                    continue
                return
            event = upcoming.result()
            yield event
            if isinstance(event.fact, RunEnded | RunParked):
                return
            upcoming = asyncio.ensure_future(anext(follower))
    finally:
        upcoming.cancel()
