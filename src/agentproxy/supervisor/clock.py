"""The time of workers that never said how long they took: they were cut off."""

from dataclasses import dataclass, field

from agentproxy.events.desk import RequestDecided, RequestReferred
from agentproxy.events.envelope import Event
from agentproxy.events.run import RunParked, SegmentStarted
from agentproxy.events.work import WorkerEnded, WorkerStarted


@dataclass
class Clock:
    """Follows an attempt from its start. Times are Unix times; `waited` is what a person took to
    decide, in seconds, which is no time of the worker's.
    """

    began: float | None = None
    heard: float = 0.0
    waited: float = 0.0
    asked: dict[str, float] = field(default_factory=dict[str, float])

    def after(self, event: Event) -> float:
        """Seconds that an attempt had taken which this event shows to be cut off; else 0."""
        before, self.heard = self.heard, event.time
        match event.fact:
            case WorkerStarted():
                self._start(event.time)
            case WorkerEnded():
                self.began = None
            case RequestReferred():
                self.asked.setdefault(event.fact.request, event.time)
            case RequestDecided():
                asked = self.asked.pop(event.fact.decision.request, event.time)
                self.waited += event.time - asked
            case RunParked():
                return self._cut_off(event.time)
            case SegmentStarted():
                return self._cut_off(before)
            case _:
                pass
        return 0.0

    def _start(self, time: float) -> None:
        self.began, self.waited = time, 0.0
        self.asked.clear()

    def _cut_off(self, time: float) -> float:
        if self.began is None:
            return 0.0
        end = min([time, *self.asked.values()])
        taken = max(end - self.began - self.waited, 0.0)
        self.began = None
        return taken
