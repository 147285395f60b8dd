"""Starts the worker on a round, and parks the run at a ceiling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.engine.face import Park
from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.cost import ModelSettled
from agentproxy.events.envelope import Fact
from agentproxy.events.work import SessionOpened, WorkerEnded, WorkerStarted
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.supervisor.working import put_to_work


@dataclass(frozen=True, slots=True)
class Work:
    round: int


@SUPERVISED.fold(WorkerStarted)
def fold_started(state: State, fact: WorkerStarted) -> None:
    state.attempts[fact.round] = state.attempts.get(fact.round, 0) + 1


@SUPERVISED.fold(WorkerEnded)
def fold_ended(state: State, fact: WorkerEnded) -> None:
    state.session_usd += fact.said_usd or 0.0
    # An attempt that a ceiling ended is not over: `pa resume` continues it.
    if not (fact.out_of_time or fact.out_of_money):
        state.work[fact.round] = fact


@SUPERVISED.fold(SessionOpened)
def fold_session(state: State, fact: SessionOpened) -> None:
    if fact.session != state.session:
        state.session_usd = 0.0
    state.session = fact.session


@SUPERVISED.fold(ModelSettled)
def fold_paid(state: State, fact: ModelSettled) -> None:
    if fact.purpose == "work":
        state.worker_usd += fact.usd


@SUPERVISED.fold(AgentTold, ModelAnswered, ToolStarted, ToolFinished)
def fold_agent(state: State, fact: Fact) -> None:
    # Our own agent continues from these facts.
    state.agent_facts.setdefault(state.round, []).append(fact)


@SUPERVISED.due_at(Stage.WORK)
def work_due(state: State) -> Mapping[str, Work | Park]:
    number = state.round
    if number in state.work or number in state.claims:
        return {}
    if reason := state.ceilings.work_stops():
        return {"park": Park("ceiling", reason)}
    # The count gives the effect a new id after a ceiling was raised.
    return {f"work:{number}:{state.ceilings.stopped_short}": Work(number)}


@SUPERVISED.due_at(Stage.BUDGET)
def budget_due(state: State) -> Mapping[str, Park]:
    # Over its budget, the run waits for a person before its claim is proven (decision 17).
    reason = state.ceilings.overspent()
    return {"park": Park("ceiling", reason)} if reason else {}


# Instant: `WorkerStarted` is the start of this effect.
@SUPERVISED.handles(Work, instant=True, actor=lambda effect: f"worker {effect.round}")
async def work(effect: Work, context: Context[State, Parts]) -> Sequence[Fact]:
    return await put_to_work(effect.round, context)
