"""What waits for telemetry that could not begin."""

import threading
import time
import weakref

from agentproxy.events.envelope import Event, RunId
from agentproxy.telemetry.follower import MAX_WAITING, ThreadFollower
from agentproxy.telemetry.port import Outlet


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
