"""The working time of attempts that never reported it, because they were cut off. Pure."""

from dataclasses import dataclass, field

from agentproxy.events.envelope import Event
from agentproxy.events.requests import RequestDecided, RequestReferred
from agentproxy.events.run import RunParked, SegmentStarted
from agentproxy.events.work import WorkerEnded, WorkerStarted


@dataclass
class WorkTimer:
    """Follows an attempt from its start. Times are Unix times.

    `waited` are the seconds spent waiting for humans, which are not charged to the worker. `since`
    is when the first of the open requests in `asked` was put to a human.
    """

    began: float | None = None
    heard: float = 0.0
    waited: float = 0.0
    since: float = 0.0
    asked: set[str] = field(default_factory=set[str])

    def after(self, event: Event) -> float:
        """The seconds of an attempt that this event shows to be cut off, else 0."""
        before, self.heard = self.heard, event.time
        match event.fact:
            case WorkerStarted():
                self.began, self.waited = event.time, 0.0
                self.asked.clear()
            case WorkerEnded():
                self.began = None
            case RequestReferred():
                self.since = self.since if self.asked else event.time
                self.asked.add(event.fact.request)
            case RequestDecided():
                self._decided(event.fact.decision.request, event.time)
            case RunParked():
                return self._cut_off(event.time)
            case SegmentStarted():
                return self._cut_off(before)
            case _:
                pass
        return 0.0

    def _decided(self, request: str, time: float) -> None:
        if self.asked == {request}:
            self.waited += time - self.since
        self.asked.discard(request)

    def _cut_off(self, time: float) -> float:
        if self.began is None:
            return 0.0
        end = self.since if self.asked else time
        taken = max(end - self.began - self.waited, 0.0)
        self.began = None
        return taken
