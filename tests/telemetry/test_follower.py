"""What waits for telemetry that could not begin, or is behind."""

import threading
import time
import weakref
from collections.abc import Iterable

from agentproxy.events.chat import UserTurnStarted
from agentproxy.events.envelope import Event, RunId
from agentproxy.telemetry.follower import MAX_WAITING, ThreadFollower
from agentproxy.telemetry.measures import Measure
from agentproxy.telemetry.port import Outlet
from agentproxy.telemetry.spans import Span, SpanPlace


class Past(list[Event]):
    """Can be seen to be gone."""


def test_after_a_start_that_failed_nothing_is_kept_and_the_end_waits_for_nothing() -> None:
    said: list[str] = []
    told = threading.Event()

    def no_outlet() -> Outlet:
        raise ValueError("no such exporter")

    def say(text: str) -> None:
        said.append(text)
        told.set()

    follower = ThreadFollower(no_outlet, content=False, say=say)
    assert told.wait(10)
    past = Past()
    kept = weakref.ref(past)
    follower.begin(RunId("r"), past)
    del past
    assert kept() is None
    for _ in range(MAX_WAITING + 1):
        follower.end(RunId("r"))
    began = time.monotonic()
    follower.close()
    assert time.monotonic() - began < 10
    assert said == ["telemetry is off: ValueError: no such exporter"]


class Gauge:
    """An `Outlet` that keeps how many runs there are."""

    runs = -1

    def spans(self, spans: Iterable[Span]) -> None:
        del spans

    def measure(self, measure: Measure) -> None:
        del measure

    def record(self, event: Event, place: SpanPlace | None) -> None:
        del event, place

    def active(self, runs: int) -> None:
        self.runs = runs

    def close(self) -> None:
        pass


def test_events_that_come_too_fast_are_left_out_but_never_the_end_of_a_run() -> None:
    said: list[str] = []
    gauge, gate = Gauge(), threading.Event()

    def open_late() -> Outlet:
        gate.wait(10)
        return gauge

    follower = ThreadFollower(open_late, content=False, say=said.append)
    run = RunId("r")
    follower.begin(run, [])
    for number in range(MAX_WAITING + 5):
        follower.note(Event(run, number, 0.0, "human", UserTurnStarted(message="1", text="count")))
    follower.end(run)
    gate.set()
    # The first one was begun, and then there is none.
    end = time.monotonic() + 60
    while gauge.runs != 0:
        assert time.monotonic() < end, gauge.runs
        time.sleep(0.02)
    follower.close()
    (lost,) = said
    assert lost.endswith("events came too fast and were left out")
