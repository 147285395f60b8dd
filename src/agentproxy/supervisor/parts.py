"""The services that the effects of a supervised run use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.engine.recorder import Recorder
from agentproxy.engine.requests import Desk
from agentproxy.events.check import CheckResult
from agentproxy.events.trials import TrialsPrepared
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.check_runner import LeaveOut
from agentproxy.supervisor.kept_base import KeptBase
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.planning import ProjectRules
from agentproxy.supervisor.state import State
from agentproxy.workers.port import Joining, Worker


@dataclass(frozen=True, slots=True)
class Parts:
    """The services of one run."""

    run: str
    product: str
    checks: CheckContext
    worker: Worker
    recorder: Recorder[State]
    desk: Desk[State]
    model: SupervisorModel
    read_rules: Callable[[Path], ProjectRules]
    # Seconds that a live worker waits for a human before the run parks; None: without a limit.
    hold: float | None
    kept_base: KeptBase
    jobs: int  # how many checks run side by side
    # How a worker's program joins the trace of the effect that starts it.
    joining: Callable[[str], Joining] = lambda _effect: Joining()
    # By round: variants that are there before a weighing asks for them.
    early_trials: dict[int, TrialsPrepared] = field(default_factory=dict[int, TrialsPrepared])
    # By check, commit and what was left out: what was run before anybody asked for it.
    early_results: dict[tuple[str, str, LeaveOut], CheckResult] = field(
        default_factory=dict[tuple[str, str, LeaveOut], CheckResult]
    )
