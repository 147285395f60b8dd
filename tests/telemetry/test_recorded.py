"""Recorded runs as telemetry would have told them, process by process."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from support.recorded import RECORDED, read_recorded

from agentproxy.events.envelope import Event
from agentproxy.events.run import SegmentStarted
from agentproxy.telemetry.follower import MAX_WAITING, Reader, ThreadFollower
from agentproxy.telemetry.measures import INSTRUMENTS, Measure
from agentproxy.telemetry.spans import Span, SpanPlace

# The others were written by this version.
NAMES = sorted({path.stem for path in RECORDED.glob("*.jsonl")} - {"early_segment"})


@dataclass
class Kept:
    """An outlet that keeps what it is given."""

    told: list[Span] = field(default_factory=list[Span])
    measures: list[Measure] = field(default_factory=list[Measure])
    records: list[tuple[Event, SpanPlace | None]] = field(
        default_factory=list[tuple[Event, SpanPlace | None]]
    )
    closed: bool = False

    def spans(self, spans: Iterable[Span]) -> None:
        self.told += spans

    def measure(self, measure: Measure) -> None:
        self.measures.append(measure)

    def record(self, event: Event, place: SpanPlace | None) -> None:
        self.records.append((event, place))

    def active(self, runs: int) -> None:
        del runs

    def close(self) -> None:
        self.closed = True


def segments(events: Sequence[Event]) -> list[int]:
    """Where each process began to work."""
    return [place for place, event in enumerate(events) if isinstance(event.fact, SegmentStarted)]


def told_by_each_process(events: Sequence[Event]) -> Kept:
    kept = Kept()
    starts = segments(events)
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        reader = Reader(kept, content=False)
        reader.begin(events[0].run, events[:start])
        for event in events[start:end]:
            reader.note(event)
        reader.end(events[0].run)
    return kept


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_run_is_one_trace_with_one_root_and_known_parents(name: str) -> None:
    events = read_recorded(name)
    kept = told_by_each_process(events)
    spans = {span.place.span: span for span in kept.told}
    for span in kept.told:  # what is told twice is the same
        assert spans[span.place.span] == span
    assert len({span.place.trace for span in kept.told}) == 1
    roots = [span for span in spans.values() if span.parent is None]
    assert [span.name for span in roots] == ["pa.run_task"]
    for span in spans.values():
        assert span.end is not None
        assert span.start <= span.end
        assert span.parent is None or span.parent.span in spans, span
    works = [span for span in spans.values() if span.name == "pa.run_task"]
    assert len(works) == len(segments(events))


@pytest.mark.parametrize("name", NAMES)
def test_every_effect_of_a_recorded_run_is_a_span_and_every_event_a_record(name: str) -> None:
    events = read_recorded(name)
    kept = told_by_each_process(events)
    effects = {span.attributes.get("agentproxy.effect") for span in kept.told} - {None}
    causes = {event.cause for event in events if event.cause}
    assert effects == {cause for cause in causes if not cause.startswith("command:")}
    assert {measure.name for measure in kept.measures} <= INSTRUMENTS.keys()
    assert len(kept.records) == len(events) - segments(events)[0]
    assert all(place is not None for _, place in kept.records)


def test_events_that_come_too_fast_are_counted_and_nobody_waits() -> None:
    said: list[str] = []
    gate = threading.Event()

    def open_outlet() -> Kept:
        gate.wait(30)
        return kept

    kept = Kept()
    events = read_recorded("verified")
    follower = ThreadFollower(open_outlet, content=False, say=said.append)
    follower.begin(events[0].run, events[:1])
    for _ in range(2 * MAX_WAITING // len(events)):
        for event in events[1:]:
            follower.note(event)
    gate.set()
    follower.close()
    assert kept.closed
    assert len(said) == 1
    assert said[0].startswith("telemetry: ")
    assert said[0].endswith(" events came too fast and were left out")
