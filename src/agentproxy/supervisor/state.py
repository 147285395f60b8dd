"""The state of a supervised run, folded from its events. Pure."""

from dataclasses import dataclass, field

from agentproxy.engine.state import RunState
from agentproxy.events.asked import AskedRead, ChangedTestsJudged
from agentproxy.events.check import BASE, CheckResult, Tree, claim_tree
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
from agentproxy.events.merging import TargetMerged
from agentproxy.events.mutants import MutantsPrepared
from agentproxy.events.plan import ContextsRead, OpinionGiven, PlanMade
from agentproxy.events.run import DecisionMade, Order
from agentproxy.events.trials import ClaimExamined, TrialsPrepared
from agentproxy.events.verdict import ChecksWeighed, RoundJudged
from agentproxy.events.work import WorkerEnded
from agentproxy.supervisor.loop_detection import LoopDetector

MAX_RECENT_FACTS = 24
MAX_FACT_CHARACTERS = 1500


@dataclass
class State(RunState):
    """One supervised run. Folds in place; only the engine changes it."""

    order: Order | None = None
    base: BaseRecorded | None = None
    environment: EnvironmentFound | None = None
    built: dict[Tree, EnvironmentBuilt] = field(default_factory=dict[Tree, EnvironmentBuilt])
    contexts: ContextsRead | None = None
    plan: PlanMade | None = None
    contract: Contract | None = None
    part: int = 0  # counts from 0
    part_began: int = 1  # the first round of the part
    # By (check, tree), the oldest attempt first.
    results: dict[tuple[str, Tree], list[CheckResult]] = field(
        default_factory=dict[tuple[str, Tree], list[CheckResult]]
    )
    result_count: int = 0
    round: int = 1
    # How often the worker was started for a round.
    attempts: dict[int, int] = field(default_factory=dict[int, int])
    work: dict[int, WorkerEnded] = field(default_factory=dict[int, WorkerEnded])
    # What our own agent recorded in a round. It continues from there after a restart.
    agent_facts: dict[int, list[Fact]] = field(default_factory=dict[int, list[Fact]])
    session: str = ""  # that the worker's program opened last
    session_usd: float = 0.0  # what the program has said that this one cost
    worker_usd: float = 0.0  # what the worker's models were paid
    loop_detector: LoopDetector = field(default_factory=LoopDetector)
    astray: str = ""  # why the worker at work should be redirected
    claims: dict[int, ClaimRecorded] = field(default_factory=dict[int, ClaimRecorded])
    restored: dict[int, TestsRestored] = field(default_factory=dict[int, TestsRestored])
    asked: dict[int, AskedRead] = field(default_factory=dict[int, AskedRead])
    judged_tests: dict[tuple[int, str], ChangedTestsJudged] = field(
        default_factory=dict[tuple[int, str], ChangedTestsJudged]
    )
    examined: dict[int, ClaimExamined] = field(default_factory=dict[int, ClaimExamined])
    examined_in: dict[int, int] = field(default_factory=dict[int, int])  # round -> segment
    trials: dict[int, TrialsPrepared] = field(default_factory=dict[int, TrialsPrepared])
    trials_since: int = 0  # `result_count` when the last variants were there
    mutants: dict[int, MutantsPrepared] = field(default_factory=dict[int, MutantsPrepared])
    merged: dict[int, TargetMerged] = field(default_factory=dict[int, TargetMerged])
    weighed: dict[int, ChecksWeighed] = field(default_factory=dict[int, ChecksWeighed])
    opinions: dict[tuple[int, str], OpinionGiven] = field(
        default_factory=dict[tuple[int, str], OpinionGiven]
    )
    judged: dict[int, RoundJudged] = field(default_factory=dict[int, RoundJudged])
    decisions: dict[int, DecisionMade] = field(default_factory=dict[int, DecisionMade])
    delivered: Delivered | None = None

    def require_order(self) -> Order:
        if self.order is None:
            raise ValueError("the run's first event is missing")
        return self.order

    def require_contract(self) -> Contract:
        if self.contract is None:
            raise ValueError("the contract is not agreed yet")
        return self.contract

    def require_base(self) -> BaseRecorded:
        if self.base is None:
            raise ValueError("the base is not recorded yet")
        return self.base

    def require_environment(self) -> EnvironmentFound:
        if self.environment is None:
            raise ValueError("the environment is not known yet")
        return self.environment

    @property
    def scope(self) -> Contract:
        """The contract up to the present part of the plan."""
        return self.require_contract().until(self.part)

    @property
    def has_more_parts(self) -> bool:
        return self.part < len(self.require_contract().parts) - 1

    @property
    def round_of_part(self) -> int:
        # `max_rounds` holds for each part.
        return self.round - self.part_began + 1

    def built_for(self, tree: Tree) -> tuple[EnvironmentBuilt, ...]:
        """Returns what was built for a tree: for the base first, then for the claim."""
        own = BASE if tree.kind == "base" else claim_tree(tree.round)
        return tuple(self.built[each] for each in dict.fromkeys((BASE, own)) if each in self.built)

    def commit_of(self, tree: Tree) -> str:
        if tree.kind == "base":
            return self.require_base().commit
        if tree.kind == "restored":
            return self.restored[tree.round].commit
        if tree.kind in ("claim", "later"):
            return self.claims[tree.round].commit
        if tree.kind in ("merged", "target"):
            merged = self.merged[tree.round]
            return merged.commit if tree.kind == "merged" else merged.target
        if tree.kind == "mutant":
            return self.mutants[tree.round].mutants[tree.number - 1].commit
        return self.trials[tree.round].trees[tree.kind].commit

    def unchanged(self, number: int) -> bool:
        """Whether the claim of a round equals the base."""
        return self.claims[number].tree == self.require_base().tree

    def results_of(self, check: str, tree: Tree) -> list[CheckResult]:
        return self.results.get((check, tree), [])

    def recent_calls(self) -> list[str]:
        """Returns the last facts of our own agent in the present round, as JSON."""
        facts = self.agent_facts.get(self.round, [])[-MAX_RECENT_FACTS:]
        return [each.model_dump_json()[:MAX_FACT_CHARACTERS] for each in facts]
