"""The events of a supervised run as a client of its stream receives them. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

from agentproxy.app.hub import Position, ShownText
from agentproxy.app.show.proof import outcome
from agentproxy.app.show.render import render
from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.asked import ChangedTestsJudged
from agentproxy.events.check import CheckFinished, CheckStarted
from agentproxy.events.cost import ModelSettled
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.plan import OpinionGiven, PlanMade, WorkerSteered
from agentproxy.events.requests import (
    CommandIgnored,
    MessageReceived,
    Request,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import (
    EXIT_BY_PARKING,
    EXIT_BY_VERDICT,
    DecisionMade,
    EffectFailed,
    Order,
    RunCreated,
    RunEnded,
    RunParked,
)
from agentproxy.events.verdict import RoundJudged
from agentproxy.server.times import iso

Record = dict[str, Any]
MAX_RESULT_CHARACTERS = 2000
PLACE = re.compile(r"([0-9a-z]{1,32})\.([0-9]{1,15})(?:\.([0-9]{1,15}|done))?")


class RecordType(IntEnum):
    """The numbers of the described service."""

    TEXT = 1
    THINKING = 2
    TOOL_CALL = 3
    TOOL_RESULT = 4
    PROMPT = 5
    CONFIRMATION = 6
    STARTED = 7
    COMPLETED = 8
    ERROR = 9
    RAW = 10


SUPERVISOR = "pa"
THOUGHTS = "pa-thinking"
TO_WORKER = "pa-to-claude"
WORKER = "claude"  # whichever worker it is

FACT_SOURCES: dict[type[Fact], tuple[RecordType, str]] = {
    PlanMade: (RecordType.THINKING, THOUGHTS),
    DecisionMade: (RecordType.THINKING, THOUGHTS),
    OpinionGiven: (RecordType.THINKING, THOUGHTS),
    ChangedTestsJudged: (RecordType.THINKING, THOUGHTS),
    RequestMade: (RecordType.TEXT, WORKER),
    MessageReceived: (RecordType.TEXT, TO_WORKER),
    WorkerSteered: (RecordType.TEXT, TO_WORKER),
    EffectFailed: (RecordType.ERROR, SUPERVISOR),
    CommandIgnored: (RecordType.ERROR, SUPERVISOR),
}
_TELLERS: "dict[type[Fact], Callable[[TaskStory, Any, Event], Record | None]]" = {}
T = TypeVar("T", bound="Callable[..., Record | None]")


def tells(kind: type[Fact]) -> Callable[[T], T]:
    """Registers what is told of a fact. The text of the others is what a screen shows of them."""

    def register(function: T) -> T:
        _TELLERS[kind] = function
        return function

    return register


@dataclass
class TaskStory:
    """`sequence` is the number of the last event that it took."""

    run: RunId
    sequence: int = 0
    time: float = 0.0
    asked: dict[str, Request] = field(default_factory=dict[str, Request])

    def take(self, event: Event) -> Record | None:
        """Returns the record of the next event, or None for what is our own affair."""
        self.sequence, self.time = event.seq, event.time
        teller = _TELLERS.get(type(event.fact))
        if teller is not None:
            return teller(self, event.fact, event)
        if isinstance(event.fact, RequestMade):
            self.asked[event.fact.request.id] = event.fact.request
        lines = [f"{'  ' * line.indent}{line.text}" for line in render(event)]
        if not lines:
            return None
        kind, source = FACT_SOURCES.get(type(event.fact), (RecordType.TEXT, SUPERVISOR))
        return self.record(kind, "\n".join(lines), event, source=source)

    def fragment(self, shown: ShownText, *, now: float) -> Record:
        """Returns the record of a piece of live output. Its id is the place behind it."""
        size = len(shown.text.encode("utf-8", "surrogatepass"))
        thinking = shown.source == "thinking"
        metadata: Record = {"source": WORKER if shown.source == "worker" else shown.source}
        if shown.dropped:
            metadata["dropped"] = shown.dropped
        return self._record(
            RecordType.THINKING if thinking else RecordType.RAW,
            shown.text,
            metadata={**metadata, "kind": "output"},
            place=f"{shown.position.seq}.{shown.position.offset + size}",
            time=now,
        )

    def fault(self, text: str, *, now: float) -> Record:
        """Returns the record of what kept the server from working on the run."""
        metadata = {"source": SUPERVISOR, "kind": "fault"}
        return self._record(
            RecordType.ERROR, text, metadata=metadata, place=str(self.sequence), time=now
        )

    def done(self, *, now: float) -> Record:
        return {
            "type": "done",
            "run": self.run,
            "sequence": self.sequence,
            "event_id": f"{self.run}.{self.sequence}.done",
            "time": iso(now),
        }

    def record(
        self, kind: RecordType, content: str, event: Event, *, source: str, **more: object
    ) -> Record:
        fact: Any = event.fact
        metadata = {"source": source, "kind": fact.kind, "actor": event.actor, **more}
        return self._record(kind, content, metadata=metadata, place=str(event.seq), time=event.time)

    def _record(
        self, kind: RecordType, content: str, *, metadata: Record, place: str, time: float
    ) -> Record:
        return {
            "type": int(kind),
            "content": content,
            "metadata": metadata,
            "run": self.run,
            "sequence": self.sequence,
            "event_id": f"{self.run}.{place}",
            "time": iso(time),
        }


def place_of(event_id: str, *, run: RunId) -> Position | None:
    """Returns the place behind the record with an id, or None if this run has no such id."""
    found = PLACE.fullmatch(event_id)
    if found is None or found[1] != run:
        return None
    offset = found[3] or ""
    return Position(int(found[2]), int(offset) if offset.isdecimal() else 0)


@tells(RunCreated)
def _created(story: TaskStory, fact: RunCreated, event: Event) -> Record | None:
    order = fact.request
    if not isinstance(order, Order):
        return None
    return story.record(
        RecordType.STARTED, order.task, event, source=SUPERVISOR,
        worker=order.worker, model=order.model,
        repository=order.repository, directory=order.directory,
    )  # fmt: skip


@tells(ModelAnswered)
def _answered(story: TaskStory, fact: ModelAnswered, event: Event) -> Record | None:
    text = fact.message.text
    return story.record(RecordType.TEXT, text, event, source=WORKER) if text.strip() else None


@tells(CheckStarted)
def _check(story: TaskStory, fact: CheckStarted, event: Event) -> Record:
    return story.record(
        RecordType.TOOL_CALL, fact.check, event, source=SUPERVISOR,
        tool="run_check", id=f"{fact.check}:{fact.on.key}:{fact.attempt}", on=fact.on.key,
    )  # fmt: skip


@tells(CheckFinished)
def _check_ended(story: TaskStory, fact: CheckFinished, event: Event) -> Record:
    return story.record(
        RecordType.TOOL_RESULT, outcome(fact.result), event, source=SUPERVISOR,
        id=f"{fact.check}:{fact.on.key}:{fact.attempt}", failed=not fact.result.passed,
    )  # fmt: skip


@tells(RoundJudged)
def _judged(story: TaskStory, fact: RoundJudged, event: Event) -> Record:
    text = "\n".join(f"{'  ' * line.indent}{line.text}" for line in render(event))
    return story.record(
        RecordType.TEXT, text, event, source=SUPERVISOR, round=fact.round, verdict=fact.verdict
    )


@tells(ToolStarted)
def _tool(story: TaskStory, fact: ToolStarted, event: Event) -> Record:
    return story.record(
        RecordType.TOOL_CALL, fact.tool, event, source=WORKER,
        tool=fact.tool, arguments=fact.arguments, id=fact.call,
    )  # fmt: skip


@tells(ToolFinished)
def _tool_ended(story: TaskStory, fact: ToolFinished, event: Event) -> Record:
    return story.record(
        RecordType.TOOL_RESULT, fact.text[:MAX_RESULT_CHARACTERS], event, source=WORKER,
        id=fact.call, failed=fact.failed,
    )  # fmt: skip


@tells(ModelSettled)
def _settled(story: TaskStory, fact: ModelSettled, event: Event) -> Record:
    (line,) = render(event)
    return story.record(
        RecordType.TEXT, line.text, event, source=SUPERVISOR,
        usd=fact.usd, model=fact.model, purpose=fact.purpose,
    )  # fmt: skip


@tells(RequestReferred)
def _referred(story: TaskStory, fact: RequestReferred, event: Event) -> Record:
    request = story.asked.get(fact.request)
    permission = request is not None and request.kind == "permission"
    return story.record(
        RecordType.CONFIRMATION if permission else RecordType.PROMPT,
        request.text if request else "",
        event,
        source=WORKER,
        request_id=fact.request,
        reason=fact.reason,
        action=request.action if request else "",
        subject=request.subject if request else "",
        options=list(request.options) if request else [],
    )


@tells(RunParked)
def _parked(story: TaskStory, fact: RunParked, event: Event) -> Record:
    asked_for = fact.why in ("human", "interrupted")
    return story.record(
        RecordType.TEXT if asked_for else RecordType.ERROR,
        f"parked: {fact.reason}",
        event,
        source=SUPERVISOR,
        status="waiting" if fact.why == "human" else "parked",
        why=fact.why,
        exit_code=EXIT_BY_PARKING[fact.why],
    )


@tells(RunEnded)
def _ended(story: TaskStory, fact: RunEnded, event: Event) -> Record:
    return story.record(
        RecordType.COMPLETED, f"{fact.verdict}: {fact.reason}", event, source=SUPERVISOR,
        status="stopped" if fact.stopped else fact.verdict,
        verdict=fact.verdict, exit_code=EXIT_BY_VERDICT[fact.verdict],
    )  # fmt: skip
