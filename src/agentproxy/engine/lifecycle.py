"""The segments of a run, and whether it is parked, failed or ended. Pure."""

from dataclasses import dataclass

from agentproxy.events.envelope import Fact
from agentproxy.events.run import EffectFailed, RunEnded, RunParked, SegmentStarted


@dataclass(slots=True)
class Lifecycle:
    """Folds in place."""

    segment: int = 0
    sandbox: str = ""
    # Both belong to the present segment: the next one tries again.
    failed: EffectFailed | None = None
    parked: RunParked | None = None
    ended: RunEnded | None = None

    @property
    def rests(self) -> bool:
        """Whether the run is parked or has ended, so that nothing is due."""
        return self.parked is not None or self.ended is not None

    def fold(self, fact: Fact) -> None:
        match fact:
            case SegmentStarted():
                self.segment, self.sandbox = fact.segment, fact.sandbox
                self.parked = self.failed = None
            case EffectFailed():
                self.failed = fact
            case RunParked():
                self.parked = fact
            case RunEnded():
                self.ended = fact
            case _:
                pass
