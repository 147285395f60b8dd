"""Renders the start, the decisions and the end of a run."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, Tone, named, renders
from agentproxy.events.durations import format_duration
from agentproxy.events.git_facts import Delivered
from agentproxy.events.run import (
    CeilingRaised,
    ChatOrder,
    ChildOrder,
    DecisionMade,
    EffectFailed,
    Order,
    RunCreated,
    RunParked,
    SegmentStarted,
)

DECISION: dict[str, str] = {
    "again": "another round",
    "next_part": "the next part",
    "deliver": "deliver",
    "give_up": "stop",
}


@renders(RunCreated)
def _created(fact: RunCreated) -> Iterator[RenderedLine]:
    request = fact.request
    yield from _ordered(request) if isinstance(request, Order) else _opened(request)
    if request.budget is not None:
        yield RenderedLine(f"budget ${request.budget:g}", "quiet", 1)


def _ordered(order: Order) -> Iterator[RenderedLine]:
    yield RenderedLine(order.task, "loud")
    where = "" if order.directory == "." else f", in {order.directory}"
    yield RenderedLine(f"repository {order.repository}{where}", "quiet", 1)
    model = f", model {order.model}" if order.model else ""
    yield RenderedLine(f"worker {order.worker}{model}", "quiet", 1)
    if order.judge:
        yield RenderedLine(f"supervisor's model {order.judge}", "quiet", 1)
    if order.mission:
        yield RenderedLine(f"mission {order.mission}", "quiet", 1)
    if order.screenshots:
        yield RenderedLine(f"screenshots {named(order.screenshots)}", "quiet", 1)


def _opened(order: ChatOrder | ChildOrder) -> Iterator[RenderedLine]:
    if isinstance(order, ChildOrder):
        yield RenderedLine(f"{order.role} {order.name} of conversation {order.root}", "loud")
    else:
        yield RenderedLine("conversation", "loud")
    yield RenderedLine(f"workspace {order.workspace}", "quiet", 1)
    yield RenderedLine(f"model {order.model}", "quiet", 1)


@renders(SegmentStarted)
def _segment(fact: SegmentStarted) -> Iterator[RenderedLine]:
    if fact.segment > 1:
        yield RenderedLine("continued from the journal", "loud")
    tone: Tone = "bad" if "no isolation" in fact.sandbox.lower() else "quiet"
    yield RenderedLine(f"sandbox {fact.sandbox}", tone, 1)


@renders(DecisionMade)
def _decision(fact: DecisionMade) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{DECISION[fact.decision]}: {fact.reason}", "quiet", 1)


@renders(Delivered)
def _delivered(fact: Delivered) -> Iterator[RenderedLine]:
    if fact.branch:
        yield RenderedLine(f"branch {fact.branch}", "good", 1)
    if fact.patch:
        yield RenderedLine(f"patch {fact.patch}", "good", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(CeilingRaised)
def _ceiling(fact: CeilingRaised) -> Iterator[RenderedLine]:
    if fact.max_time is not None:
        text = f"new limit for the worker's total time: {format_duration(fact.max_time)}"
        yield RenderedLine(text, "plain", 1)
    if fact.budget is not None:
        yield RenderedLine(f"new budget: ${fact.budget:g}", "plain", 1)


@renders(EffectFailed)
def _failed(fact: EffectFailed) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.effect} failed: {fact.error}", "bad", 1)
    if fact.cure:
        yield RenderedLine(fact.cure, "plain", 2)


@renders(RunParked)
def _parked(fact: RunParked) -> Iterator[RenderedLine]:
    yield RenderedLine(f"parked: {fact.reason}", "unsure")
