"""The supervisor's decisions as a function of the past: state and event in, state out; and from
the state the effects that should be under way.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, cast

from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.check import CheckFinished
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.durations import format_duration
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.git_facts import (
    BaseRecorded,
    ClaimRecorded,
    Delivered,
    EnvironmentBuilt,
    EnvironmentFound,
    TestsRestored,
)
from agentproxy.events.plan import ContextsRead, OpinionGiven, PlanMade
from agentproxy.events.requests import MessageReceived, RequestDecided, RequestMade
from agentproxy.events.run import (
    CeilingRaised,
    DecisionMade,
    EffectFailed,
    RunCreated,
    RunEnded,
    RunParked,
    SegmentStarted,
)
from agentproxy.events.verdict import RoundJudged
from agentproxy.events.work import ProcessStarted, WorkerEnded, WorkerStarted
from agentproxy.evidence.environment_faults import dependency_files
from agentproxy.supervisor.check_verdicts import (
    check_needs_rerun,
    is_refuted,
    questions,
    rests_on_own_tests,
)
from agentproxy.supervisor.effects import (
    AgreeContract,
    AskJudge,
    BuildEnvironment,
    Decide,
    Deliver,
    Effect,
    EffectId,
    End,
    FindEnvironment,
    JudgeRound,
    MakePlan,
    Park,
    ReadContexts,
    RecordBase,
    RecordClaim,
    RestoreTests,
    RunCheck,
    Work,
)
from agentproxy.supervisor.state import BASE, State, claim_name, restored_name

SomeFact = TypeVar("SomeFact", bound=Fact)
Fold = Callable[[State, Fact], None]
FOLDS: dict[type[Fact], Fold] = {}


def fold(kind: type[SomeFact]) -> Callable[[Callable[[State, SomeFact], None]], Fold]:
    """Registers how a fact changes the state."""

    def register(function: Callable[[State, SomeFact], None]) -> Fold:
        FOLDS[kind] = cast("Fold", function)
        return FOLDS[kind]

    return register


def reduce(state: State, event: Event) -> State:
    """The state after an event; facts that only tell a story leave it as it was."""
    change = FOLDS.get(type(event.fact))
    if change is not None:
        change(state, event.fact)
    state.work_seconds += state.clock.after(event)
    return state


def replay(events: Iterable[Event]) -> State:
    """The state after all of these."""
    state = State()
    for event in events:
        reduce(state, event)
    return state


@fold(RunCreated)
def _created(state: State, fact: RunCreated) -> None:
    state.order = fact.request
    state.max_time = fact.request.max_time
    state.budget = fact.request.budget


@fold(SegmentStarted)
def _segment(state: State, fact: SegmentStarted) -> None:
    state.segment = fact.segment
    state.sandbox = fact.sandbox
    state.parked = None
    state.failed = None


@fold(BaseRecorded)
def _base(state: State, fact: BaseRecorded) -> None:
    state.base = fact


@fold(EnvironmentFound)
def _environment(state: State, fact: EnvironmentFound) -> None:
    state.environment = fact


@fold(EnvironmentBuilt)
def _built(state: State, fact: EnvironmentBuilt) -> None:
    state.built[fact.on] = fact


@fold(ContextsRead)
def _contexts(state: State, fact: ContextsRead) -> None:
    state.contexts = fact


@fold(PlanMade)
def _planned(state: State, fact: PlanMade) -> None:
    state.plan = fact


@fold(OpinionGiven)
def _opinion(state: State, fact: OpinionGiven) -> None:
    state.opinions[fact.round, fact.criterion] = fact


@fold(ContractAgreed)
def _contract(state: State, fact: ContractAgreed) -> None:
    state.contract = fact.contract


@fold(CheckFinished)
def _checked(state: State, fact: CheckFinished) -> None:
    state.results.setdefault((fact.check, fact.on), []).append(fact.result)


@fold(WorkerStarted)
def _work_began(state: State, fact: WorkerStarted) -> None:
    state.attempts[fact.round] = state.attempts.get(fact.round, 0) + 1


@fold(ProcessStarted)
def _process(state: State, fact: ProcessStarted) -> None:
    state.processes.append((fact.pid, fact.started))


@fold(WorkerEnded)
def _work_ended(state: State, fact: WorkerEnded) -> None:
    state.work_seconds += fact.seconds
    state.out_of_money = fact.out_of_money
    if fact.out_of_time or fact.out_of_money:
        state.stopped_short += 1
    else:
        state.work[fact.round] = fact
        state.messages.clear()


@fold(ModelAsked)
def _asked_model(state: State, fact: ModelAsked) -> None:
    state.reserved[fact.call] = fact.reserved


@fold(ModelSettled)
def _settled(state: State, fact: ModelSettled) -> None:
    state.reserved.pop(fact.call, None)
    state.spent += fact.usd
    if not fact.priced:
        state.unpriced.add(fact.model)


@fold(AgentTold)
@fold(ModelAnswered)
@fold(ToolStarted)
@fold(ToolFinished)
def _agent(state: State, fact: Fact) -> None:
    state.agent_facts.setdefault(state.round, []).append(fact)


@fold(ClaimRecorded)
def _claimed(state: State, fact: ClaimRecorded) -> None:
    state.claims[fact.round] = fact


@fold(TestsRestored)
def _restored(state: State, fact: TestsRestored) -> None:
    state.restored[fact.round] = fact


@fold(RoundJudged)
def _judged(state: State, fact: RoundJudged) -> None:
    state.judged[fact.round] = fact


@fold(DecisionMade)
def _decided(state: State, fact: DecisionMade) -> None:
    state.decisions[fact.round] = fact
    if fact.decision in ("again", "next_part"):
        state.round = fact.round + 1
    if fact.decision == "next_part":
        state.part, state.part_began = state.part + 1, fact.round + 1


@fold(Delivered)
def _delivered(state: State, fact: Delivered) -> None:
    state.delivered = fact


@fold(RequestMade)
def _requested(state: State, fact: RequestMade) -> None:
    state.requests[fact.request.id] = fact.request


@fold(RequestDecided)
def _answered(state: State, fact: RequestDecided) -> None:
    state.decided[fact.decision.request] = fact.decision


@fold(MessageReceived)
def _told(state: State, fact: MessageReceived) -> None:
    state.messages.append(fact.text)


@fold(CeilingRaised)
def _raised(state: State, fact: CeilingRaised) -> None:
    if fact.max_time is not None:
        state.max_time = fact.max_time
    if fact.budget is not None:
        state.budget, state.out_of_money = fact.budget, False


@fold(EffectFailed)
def _failed(state: State, fact: EffectFailed) -> None:
    state.failed = fact


@fold(RunParked)
def _parked(state: State, fact: RunParked) -> None:
    state.parked = fact


@fold(RunEnded)
def _ended(state: State, fact: RunEnded) -> None:
    state.ended = fact


def due(state: State) -> Mapping[EffectId, Effect]:
    """What should be under way now. Empty when the run is parked or over."""
    if state.ended is not None or state.parked is not None:
        return {}
    if state.failed is not None:
        reason = f"{state.failed.error} {state.failed.cure}".strip()
        return {"park": Park(why=state.failed.fault, reason=reason)}
    return _preparation(state) or _round(state)


def _preparation(state: State) -> dict[EffectId, Effect]:
    if state.base is None:
        return {"base": RecordBase()}
    if state.contract is None:
        return _agreement(state)
    if state.environment is None:
        return {"environment": FindEnvironment()}
    if state.environment.missing and BASE not in state.built:
        return {f"build:{BASE}": BuildEnvironment(BASE)}
    return {}


def _agreement(state: State) -> dict[EffectId, Effect]:
    if state.contexts is None:
        return {"contexts": ReadContexts()}
    if state.require_order().judge and state.plan is None:
        return {"plan": MakePlan()}
    return {"contract": AgreeContract()}


def _round(state: State) -> dict[EffectId, Effect]:
    number = state.round
    if number not in state.claims:
        # The baseline runs beside the worker: it needs nothing of it.
        return {**_missing(state, BASE), **_work(state, number)}
    if number not in state.judged:
        return _proof(state, number)
    if number not in state.decisions:
        return {f"decide:{number}": Decide(number)}
    if state.delivered is None:
        return {"deliver": Deliver()}
    return {"end": End()}


def _work(state: State, number: int) -> dict[EffectId, Effect]:
    if number in state.work:
        return {f"claim:{number}": RecordClaim(number)}
    if state.work_seconds >= state.max_time:
        allowed = format_duration(state.max_time)
        reason = f"the worker used up its {allowed} of time (pa resume --max-time raises it)"
        return {"park": Park(why="ceiling", reason=reason)}
    if state.out_of_money:
        spent = f"${state.spent:.4f} of ${state.budget or 0:g} are spent"
        if kept := sum(state.reserved.values()):
            spent += f" and ${kept:.4f} kept back for answers that were cut off"
        reason = f"{spent}, and no other answer fits in (pa resume --budget raises it)"
        return {"park": Park(why="ceiling", reason=reason)}
    # Where its time was up and more was granted meanwhile, it is another effect that is due.
    return {f"work:{number}:{state.stopped_short}": Work(number)}


def _proof(state: State, number: int) -> dict[EffectId, Effect]:
    judge: dict[EffectId, Effect] = {f"judge:{number}": JudgeRound(number)}
    missing = _missing(state, BASE)
    if state.unchanged(number):
        return missing or judge
    on = claim_name(number)
    if on not in state.built and _asks_anew(state, number):
        return {**missing, f"build:{on}": BuildEnvironment(on)}
    missing |= _missing(state, on)
    missing = missing or _second_looks(state, number) or _own_tests(state, number)
    return missing or _open_questions(state, number) or judge


def _own_tests(state: State, number: int) -> dict[EffectId, Effect]:
    """What proves a claim runs once more, with the tests and settings of the base in it."""
    if is_refuted(state, number):
        return {}
    paths = {check.name: rests_on_own_tests(state, check, number) for check in state.scope.checks}
    if number not in state.restored:
        wanted = tuple(sorted({path for found in paths.values() for path in found}))
        return {f"restore:{number}": RestoreTests(number, wanted)} if wanted else {}
    if not state.restored[number].files:
        return {}
    on = restored_name(number)
    return {
        f"check:{on}:{check.name}:1": RunCheck(check, on, 1)
        for check in state.scope.checks
        if paths[check.name] and not state.results.get((check.name, on))
    }


def _open_questions(state: State, number: int) -> dict[EffectId, Effect]:
    """What the judge is asked: one criterion at a time, and nothing of a claim that is refuted."""
    if not state.require_order().judge or is_refuted(state, number):
        return {}
    wanted = [
        each.id for each in questions(state, number) if (number, each.id) not in state.opinions
    ]
    return {f"ask:{number}:{key}": AskJudge(number, key) for key in wanted[:1]}


def _asks_anew(state: State, number: int) -> bool:
    """Whether the claim changes a file that may say what is to be installed."""
    changes = state.claims[number].changes
    asked = set(state.require_environment().asked)
    return bool(dependency_files(changes)) or any(change.path in asked for change in changes)


def _missing(state: State, on: str) -> dict[EffectId, Effect]:
    return {
        f"check:{on}:{check.name}:1": RunCheck(check, on, 1)
        for check in state.scope.checks
        if not state.results.get((check.name, on))
    }


def _second_looks(state: State, number: int) -> dict[EffectId, Effect]:
    """What refutes runs again on both trees, so that a flaky check accuses nobody."""
    wanted: dict[EffectId, Effect] = {}
    for check in state.scope.checks:
        if not check_needs_rerun(state, check, number):
            continue
        for on in (BASE, claim_name(number)):
            if len(state.results[check.name, on]) == 1:
                wanted[f"check:{on}:{check.name}:2"] = RunCheck(check, on, 2)
    return wanted
