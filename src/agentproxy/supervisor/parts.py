"""What the effects of a supervised run are done with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agentproxy.engine.recorder import Recorder
from agentproxy.engine.requests import Desk
from agentproxy.evidence.check_context import CheckContext
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.planning import ProjectRules
from agentproxy.supervisor.state import State
from agentproxy.workers.port import Worker


@dataclass(frozen=True, slots=True)
class Parts:
    """The outside things of one run. `hold` is how many seconds a live worker waits for a human
    before the run is parked; None waits without a limit.
    """

    run: str
    product: str
    checks: CheckContext
    worker: Worker
    recorder: Recorder[State]
    desk: Desk[State]
    model: SupervisorModel
    read_rules: Callable[[Path], ProjectRules]
    hold: float | None
