"""How much time a worker that was cut off had used."""

from agentproxy.engine.work_time import WorkTimer
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import (
    Decision,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import RunParked, SegmentStarted
from agentproxy.events.work import WorkerStarted


def used(*facts: tuple[float, Fact]) -> float:
    clock = WorkTimer()
    return sum(
        clock.after(Event(RunId("run"), seq, time, "a", fact))
        for seq, (time, fact) in enumerate(facts, start=1)
    )


START = WorkerStarted(round=1, worker="w")
PARKED = RunParked(why="interrupted", reason="Ctrl+C")
NEXT = SegmentStarted(segment=2, pid=1, sandbox="s")


def asked(key: str) -> Fact:
    return RequestReferred(request=key, reason="")


def decided(key: str) -> Fact:
    return RequestDecided(decision=Decision(request=key, allowed=True, by="human"))


def test_it_lasts_until_the_run_is_parked_or_was_last_heard_of() -> None:
    assert used((10, START), (70, PARKED), (500, NEXT)) == 60
    request = RequestMade(request=Request(id="a", kind="question", text="?"))
    assert used((10, START), (40, request), (500, NEXT)) == 30


def test_what_people_take_to_decide_is_left_out_once_however_many_wait_at_a_time() -> None:
    both = ((20.0, asked("a")), (25.0, asked("b")), (80.0, decided("a")), (120.0, decided("b")))
    assert used((10, START), *both, (130, PARKED)) == 20


def test_a_run_that_is_parked_for_a_person_has_used_nothing_since_it_asked() -> None:
    assert used((10, START), (20, asked("a")), (80, PARKED)) == 10
