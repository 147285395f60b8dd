"""Where a run stands: its segments, and whether it is parked, failed or ended. Pure."""

from dataclasses import dataclass

from agentproxy.events.envelope import Fact
from agentproxy.events.run import EffectFailed, RunEnded, RunParked, SegmentStarted


@dataclass
class Lifecycle:
    """Folds in place. `failed` and `parked` belong to the present segment."""

    segment: int = 0
    sandbox: str = ""
    failed: EffectFailed | None = None
    parked: RunParked | None = None
    ended: RunEnded | None = None

    @property
    def rests(self) -> bool:
        """Whether nothing is to be done: the run is parked or has ended."""
        return self.parked is not None or self.ended is not None

    def fold(self, fact: Fact) -> None:
        """Take in a fact."""
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
