"""The working time of attempts that were cut off before they reported it. Pure."""

from dataclasses import dataclass

from agentproxy.events.envelope import Event
from agentproxy.events.requests import RequestDecided, RequestReferred
from agentproxy.events.run import RunParked, SegmentStarted
from agentproxy.events.work import WorkerEnded, WorkerStarted


@dataclass(slots=True)
class WorkTimer:
    """Follows an attempt from its start. Points in time are Unix times."""

    began: float | None = None
    heard: float = 0.0  # when the last event came
    waited: float = 0.0  # seconds spent waiting for humans, not charged to the worker
    since: float = 0.0  # when the first of the requests in `asked` was put to a human
    asked: frozenset[str] = frozenset()

    def after(self, event: Event) -> float:
        """Returns the seconds of an attempt that this event shows to be cut off, else 0."""
        before, self.heard = self.heard, event.time
        match event.fact:
            case WorkerStarted():
                self.began, self.waited = event.time, 0.0
                self.asked = frozenset()
            case WorkerEnded():
                # A worker that ends reports its own seconds.
                self.began = None
            case RequestReferred():
                self.since = self.since if self.asked else event.time
                self.asked |= {event.fact.request}
            case RequestDecided():
                self._decided(event.fact.decision.request, event.time)
            case RunParked():
                return self._cut_off(event.time)
            case SegmentStarted():
                # The process died after the last event that it recorded. The time until now is not
                # work.
                return self._cut_off(before)
            case _:
                pass
        return 0.0

    def _decided(self, request: str, time: float) -> None:
        # Requests that are open together are one wait.
        if self.asked == frozenset({request}):
            self.waited += time - self.since
        self.asked -= {request}

    def _cut_off(self, time: float) -> float:
        if self.began is None:
            return 0.0
        end = self.since if self.asked else time
        taken = max(end - self.began - self.waited, 0.0)
        self.began = None
        return taken
