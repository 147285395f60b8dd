"""What a supervised run is, folded from its events."""

from dataclasses import dataclass, field

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Contract
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import (
    BaseRecorded,
    ClaimRecorded,
    Delivered,
    EnvironmentBuilt,
    EnvironmentFound,
    TestsRestored,
)
from agentproxy.events.plan import ContextsRead, OpinionGiven, PlanMade
from agentproxy.events.requests import Decision, Request
from agentproxy.events.run import (
    ONE_HOUR,
    DecisionMade,
    EffectFailed,
    Order,
    RunEnded,
    RunParked,
)
from agentproxy.events.verdict import RoundJudged
from agentproxy.events.work import WorkerEnded
from agentproxy.supervisor.work_time import Clock

BASE = "base"
MAX_RECENT_FACTS = 24
MAX_FACT_CHARACTERS = 1500


def claim_name(number: int) -> str:
    """How a check's result says that it ran on the claim of a round."""
    return f"claim:{number}"


def restored_name(number: int) -> str:
    """How a check's result says that it ran on a claim with the base's tests in their place."""
    return f"{claim_name(number)} with the base's tests"


def round_of(on: str) -> int:
    """The round whose claim a check ran on, whatever was put in its place."""
    return int(on.removeprefix("claim:").partition(" ")[0])


@dataclass
class State:
    """One run. Folds in place; only its loop changes it.

    `said` holds what our own agent recorded of a round, from which it goes on; `results` every run
    of a check by (check, on), oldest attempt first. `part` counts from 0, and its first round is
    `part_began`. `begun` counts how often the worker was started for a round, `stopped_short` how
    often it ended because its time or its money was spent. `failed` and `parked` are of the present
    segment. `spent` is in US dollars, and `reserved` what calls that are not settled may cost;
    `unpriced` names models that cost unknown sums; `broke` says that a worker stopped because its
    money was spent.
    """

    order: Order | None = None
    segment: int = 0
    sandbox: str = ""
    base: BaseRecorded | None = None
    environment: EnvironmentFound | None = None
    built: dict[str, EnvironmentBuilt] = field(default_factory=dict[str, EnvironmentBuilt])
    contexts: ContextsRead | None = None
    plan: PlanMade | None = None
    contract: Contract | None = None
    part: int = 0
    part_began: int = 1
    results: dict[tuple[str, str], list[CheckResult]] = field(
        default_factory=dict[tuple[str, str], list[CheckResult]]
    )
    round: int = 1
    attempts: dict[int, int] = field(default_factory=dict[int, int])
    work: dict[int, WorkerEnded] = field(default_factory=dict[int, WorkerEnded])
    agent_facts: dict[int, list[Fact]] = field(default_factory=dict[int, list[Fact]])
    claims: dict[int, ClaimRecorded] = field(default_factory=dict[int, ClaimRecorded])
    restored: dict[int, TestsRestored] = field(default_factory=dict[int, TestsRestored])
    opinions: dict[tuple[int, str], OpinionGiven] = field(
        default_factory=dict[tuple[int, str], OpinionGiven]
    )
    judged: dict[int, RoundJudged] = field(default_factory=dict[int, RoundJudged])
    decisions: dict[int, DecisionMade] = field(default_factory=dict[int, DecisionMade])
    delivered: Delivered | None = None
    requests: dict[str, Request] = field(default_factory=dict[str, Request])
    decided: dict[str, Decision] = field(default_factory=dict[str, Decision])
    messages: list[str] = field(default_factory=list[str])
    work_seconds: float = 0.0
    stopped_short: int = 0
    clock: Clock = field(default_factory=Clock)
    spent: float = 0.0
    reserved: dict[str, float] = field(default_factory=dict[str, float])
    unpriced: set[str] = field(default_factory=set[str])
    budget: float | None = None
    out_of_money: bool = False
    max_time: float = ONE_HOUR
    processes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    failed: EffectFailed | None = None
    parked: RunParked | None = None
    ended: RunEnded | None = None

    def require_order(self) -> Order:
        """The order; every run has one from its first event on."""
        if self.order is None:
            raise ValueError("the run's first event is missing")
        return self.order

    def require_contract(self) -> Contract:
        """The contract; asked for only once it stands."""
        if self.contract is None:
            raise ValueError("the contract is not agreed yet")
        return self.contract

    @property
    def scope(self) -> Contract:
        """What of the contract must be true after the present part."""
        return self.require_contract().until(self.part)

    @property
    def has_more_parts(self) -> bool:
        """Whether other parts follow the present one."""
        return self.part < len(self.require_contract().parts) - 1

    def require_base(self) -> BaseRecorded:
        """The base; asked for only once it is recorded."""
        if self.base is None:
            raise ValueError("the base is not recorded yet")
        return self.base

    def require_environment(self) -> EnvironmentFound:
        """The user's environment; asked for only once it is known."""
        if self.environment is None:
            raise ValueError("the environment is not known yet")
        return self.environment

    @property
    def money_left(self) -> float | None:
        """US dollars that are neither spent nor reserved; None is without a ceiling."""
        if self.budget is None:
            return None
        return self.budget - self.spent - sum(self.reserved.values())

    def built_for(self, on: str) -> tuple[EnvironmentBuilt, ...]:
        """What was built for a tree, in order: what the base was given, then its own."""
        own = on if on == BASE else claim_name(round_of(on))
        return tuple(self.built[name] for name in dict.fromkeys((BASE, own)) if name in self.built)

    def commit_of(self, on: str) -> str:
        """The commit that a check runs on."""
        if on == BASE:
            return self.require_base().commit
        number = round_of(on)
        return (self.restored if on == restored_name(number) else self.claims)[number].commit

    def unchanged(self, number: int) -> bool:
        """Whether the claim of a round is the very tree that the run began with."""
        return self.claims[number].tree == self.require_base().tree

    def recent_calls(self) -> list[str]:
        """The last calls of our own agent in the present round, and what came of them."""
        facts = self.agent_facts.get(self.round, [])[-MAX_RECENT_FACTS:]
        return [each.model_dump_json()[:MAX_FACT_CHARACTERS] for each in facts]

    def waiting(self) -> tuple[Request, ...]:
        """Requests that nobody has decided yet, oldest first."""
        return tuple(request for key, request in self.requests.items() if key not in self.decided)
