"""The state that every run has, whatever its face. Pure."""

from dataclasses import dataclass, field

from agentproxy.engine.ceilings import Ceilings
from agentproxy.engine.dialogue import Dialogue
from agentproxy.engine.lifecycle import Lifecycle
from agentproxy.events.envelope import Event
from agentproxy.events.run import RunEnded, RunParked, SegmentStarted
from agentproxy.events.work import ProcessStarted


@dataclass(slots=True)
class RunState:
    """The part of a run's state that the engine folds. A face adds its own."""

    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    ceilings: Ceilings = field(default_factory=Ceilings)
    dialogue: Dialogue = field(default_factory=Dialogue)
    # (pid, start time) of programs that may outlive the process that started them.
    processes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def ended(self) -> RunEnded | None:
        return self.lifecycle.ended

    @property
    def parked(self) -> RunParked | None:
        return self.lifecycle.parked

    def fold(self, event: Event) -> None:
        fact = event.fact
        self.lifecycle.fold(fact)
        self.ceilings.fold(event)
        self.dialogue.fold(fact)
        if isinstance(fact, ProcessStarted):
            self.processes.append((fact.pid, fact.started))
        # No worker survives its segment, also where no `WorkerEnded` was recorded.
        if isinstance(fact, SegmentStarted | RunParked):
            self.dialogue.at_work = False
