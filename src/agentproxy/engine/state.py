"""What every run has, whatever its face. Pure."""

from dataclasses import dataclass, field

from agentproxy.engine.ceilings import Ceilings
from agentproxy.engine.dialogue import Dialogue
from agentproxy.engine.lifecycle import Lifecycle
from agentproxy.events.envelope import Event
from agentproxy.events.run import RunEnded, RunParked, SegmentStarted
from agentproxy.events.work import ProcessStarted


@dataclass
class RunState:
    """The part of a run's state that the engine folds. A face adds its own.

    `processes` are (pid, start time) of programs that may have outlived the process that ran them.
    """

    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    ceilings: Ceilings = field(default_factory=Ceilings)
    dialogue: Dialogue = field(default_factory=Dialogue)
    processes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def ended(self) -> RunEnded | None:
        """How the run ended, once it has."""
        return self.lifecycle.ended

    @property
    def parked(self) -> RunParked | None:
        """Why nobody works on the run, while it is parked."""
        return self.lifecycle.parked

    def fold(self, event: Event) -> None:
        """Take in an event."""
        fact = event.fact
        self.lifecycle.fold(fact)
        self.ceilings.fold(event)
        self.dialogue.fold(fact)
        if isinstance(fact, ProcessStarted):
            self.processes.append((fact.pid, fact.started))
        if isinstance(fact, SegmentStarted | RunParked):
            self.dialogue.at_work = False
