"""What a run may use, and what it has used: working time and money. Pure."""

from dataclasses import dataclass, field

from agentproxy.engine.work_time import WorkTimer
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.durations import format_duration
from agentproxy.events.envelope import Event
from agentproxy.events.run import ONE_HOUR, CeilingRaised, RunCreated
from agentproxy.events.work import WorkerEnded

CENT_FRACTION = 1e-9  # US dollars; sums of floats may differ by so much


@dataclass
class Ceilings:
    """Folds in place. Times are seconds, money is US dollars; a budget of None has no limit.

    `reserved` holds what each unsettled model call may cost at most. `unpriced` names models whose
    price nobody knows. `out_of_money` says that a worker stopped because the rest of the budget
    paid for no other answer. `stopped_short` counts attempts that a ceiling ended.
    """

    max_time: float = ONE_HOUR
    work_seconds: float = 0.0
    budget: float | None = None
    spent: float = 0.0
    calls: int = 0
    reserved: dict[str, float] = field(default_factory=dict[str, float])
    unpriced: set[str] = field(default_factory=set[str])
    out_of_money: bool = False
    stopped_short: int = 0
    timer: WorkTimer = field(default_factory=WorkTimer)

    @property
    def money_left(self) -> float | None:
        """What is neither spent nor reserved; None without a budget."""
        if self.budget is None:
            return None
        return self.budget - self.spent - sum(self.reserved.values())

    @property
    def over_budget(self) -> bool:
        """Whether more was spent than the budget allows."""
        return self.budget is not None and self.spent > self.budget + CENT_FRACTION

    def fold(self, event: Event) -> None:
        """Take in an event."""
        match event.fact:
            case RunCreated():
                self.max_time, self.budget = event.fact.request.max_time, event.fact.request.budget
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
        self.work_seconds += self.timer.after(event)

    def work_stops(self) -> str:
        """Why no worker may start, or ""."""
        if self.work_seconds >= self.max_time:
            allowed = format_duration(self.max_time)
            return f"the worker used up its {allowed} of time (pa resume --max-time raises it)"
        if not self.out_of_money:
            return ""
        spent = f"${self.spent:.4f} of ${self.budget or 0:g} are spent"
        if kept := sum(self.reserved.values()):
            spent += f" and ${kept:.4f} are reserved for answers that were cut off"
        return f"{spent}; the rest pays for no other answer (pa resume --budget raises it)"

    def overspent(self) -> str:
        """Why the run must not go on as if its money were enough, or ""."""
        if not self.over_budget:
            return ""
        return (
            f"models cost ${self.spent:.4f}, more than the budget of ${self.budget or 0:g} "
            "(pa resume --budget raises it)"
        )

    def _raise(self, fact: CeilingRaised) -> None:
        if fact.max_time is not None:
            self.max_time = fact.max_time
        if fact.budget is not None:
            self.budget, self.out_of_money = fact.budget, False

    def _settle(self, fact: ModelSettled) -> None:
        self.reserved.pop(fact.call, None)
        self.spent += fact.usd
        if not fact.priced:
            self.unpriced.add(fact.model)
