"""What a run may use and what it has used: working time and money. Pure."""

import math
from dataclasses import dataclass, field

from agentproxy.engine.work_time import WorkTimer
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.durations import format_duration
from agentproxy.events.envelope import Event
from agentproxy.events.run import ONE_HOUR, CeilingRaised, Order, RunCreated
from agentproxy.events.work import WorkerEnded

ROUNDING_USD = 1e-9  # sums of floats may differ by this much
RAISE_TIME = "pa resume --max-time raises the limit"
RAISE_BUDGET = "pa resume --budget raises the limit"


@dataclass(slots=True)
class Ceilings:
    """Folds in place."""

    max_time: float = ONE_HOUR  # seconds, for all rounds together
    work_seconds: float = 0.0
    budget: float | None = None  # US dollars; None has no limit
    spent: float = 0.0
    calls: int = 0
    # The most that each unsettled model call may cost, in US dollars.
    reserved: dict[str, float] = field(default_factory=dict[str, float])
    # Models whose price is unknown: their calls count as 0 US dollars.
    unpriced: frozenset[str] = frozenset()
    # A worker stopped because the rest of the budget does not pay for another answer.
    out_of_money: bool = False
    stopped_short: int = 0  # attempts that a ceiling ended
    timer: WorkTimer = field(default_factory=WorkTimer)

    @property
    def money_left(self) -> float | None:
        """US dollars that are neither spent nor reserved; None without a budget."""
        if self.budget is None:
            return None
        return self.budget - self.spent - sum(self.reserved.values())

    @property
    def over_budget(self) -> bool:
        return self.budget is not None and self.spent > self.budget + ROUNDING_USD

    def fold(self, event: Event) -> None:
        match event.fact:
            case RunCreated():
                request = event.fact.request
                # A conversation has no end that a limit of time could come to.
                self.max_time = request.max_time if isinstance(request, Order) else math.inf
                self.budget = request.budget
            case CeilingRaised():
                self._raise(event.fact)
            case ModelAsked():
                self.calls += 1
                self.reserved[event.fact.call] = event.fact.reserved
            case ModelSettled():
                self._settle(event.fact)
            case WorkerEnded():
                self.work_seconds += event.fact.seconds
                self.out_of_money = event.fact.out_of_money
                self.stopped_short += event.fact.out_of_time or event.fact.out_of_money
            case _:
                pass
        # A worker that was cut off reports no seconds: the timer adds them.
        self.work_seconds += self.timer.after(event)

    def work_stops(self) -> str:
        """The reason why no worker may start, or ""."""
        if self.work_seconds >= self.max_time:
            allowed = format_duration(self.max_time)
            return f"the worker used up its {allowed} of time ({RAISE_TIME})"
        if not self.out_of_money:
            return ""
        spent = f"${self.spent:.4f} of ${self.budget or 0:g} are spent"
        if kept := sum(self.reserved.values()):
            spent += f" and ${kept:.4f} are reserved for answers that were cut off"
        return f"{spent}; the rest does not pay for another answer ({RAISE_BUDGET})"

    def overspent(self) -> str:
        """The reason why the run must stop for its cost, or ""."""
        if not self.over_budget:
            return ""
        return (
            f"models cost ${self.spent:.4f}, more than the budget of ${self.budget or 0:g} "
            f"({RAISE_BUDGET})"
        )

    def _raise(self, fact: CeilingRaised) -> None:
        if fact.max_time is not None:
            self.max_time = fact.max_time
        if fact.budget is not None:
            self.budget, self.out_of_money = fact.budget, False

    def _settle(self, fact: ModelSettled) -> None:
        # A call that a kill cut off is never settled. It stays reserved: its cost is unknown.
        self.reserved.pop(fact.call, None)
        self.spent += fact.usd
        if not fact.priced:
            self.unpriced |= {fact.model}
