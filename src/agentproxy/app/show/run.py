"""Renders the start, the decisions and the end of a run."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, Tone, named, renders
from agentproxy.events.durations import format_duration
from agentproxy.events.git_facts import Delivered
from agentproxy.events.run import (
    CeilingRaised,
    DecisionMade,
    EffectFailed,
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
    yield RenderedLine(fact.request.task, "loud")
    where = "" if fact.request.directory == "." else f", in {fact.request.directory}"
    yield RenderedLine(f"repository {fact.request.repository}{where}", "quiet", 1)
    model = f", model {fact.request.model}" if fact.request.model else ""
    yield RenderedLine(f"worker {fact.request.worker}{model}", "quiet", 1)
    if fact.request.judge:
        yield RenderedLine(f"supervisor's model {fact.request.judge}", "quiet", 1)
    if fact.request.budget is not None:
        yield RenderedLine(f"budget ${fact.request.budget:g}", "quiet", 1)
    if fact.request.screenshots:
        yield RenderedLine(f"screenshots {named(fact.request.screenshots)}", "quiet", 1)


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
