"""Puts the worker to work on a round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.engine.face import Park
from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.envelope import Fact
from agentproxy.events.work import WorkerEnded, WorkerStarted
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.supervisor.working import put_to_work


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt at a round."""

    round: int


@SUPERVISED.fold(WorkerStarted)
def fold_started(state: State, fact: WorkerStarted) -> None:
    """Count the attempt."""
    state.attempts[fact.round] = state.attempts.get(fact.round, 0) + 1


@SUPERVISED.fold(WorkerEnded)
def fold_ended(state: State, fact: WorkerEnded) -> None:
    """The round is worked on, unless a ceiling ended the attempt."""
    if not (fact.out_of_time or fact.out_of_money):
        state.work[fact.round] = fact


@SUPERVISED.fold(AgentTold, ModelAnswered, ToolStarted, ToolFinished)
def fold_agent(state: State, fact: Fact) -> None:
    """Keep what our own agent recorded: it goes on from there."""
    state.agent_facts.setdefault(state.round, []).append(fact)


@SUPERVISED.due_at(Stage.WORK)
def work_due(state: State) -> Mapping[str, Work | Park]:
    """Due until the round is worked on; a ceiling parks the run."""
    number = state.round
    if number in state.work or number in state.claims:
        return {}
    if reason := state.ceilings.work_stops():
        return {"park": Park("ceiling", reason)}
    # After a ceiling was raised it is another effect that is due.
    return {f"work:{number}:{state.ceilings.stopped_short}": Work(number)}


@SUPERVISED.due_at(Stage.BUDGET)
def budget_due(state: State) -> Mapping[str, Park]:
    """A run that cost more than its budget does not go on as if nothing were."""
    reason = state.ceilings.overspent()
    return {"park": Park("ceiling", reason)} if reason else {}


@SUPERVISED.handles(Work, instant=True, actor=lambda effect: f"worker {effect.round}")
async def work(effect: Work, context: Context[State, Parts]) -> Sequence[Fact]:
    """From the brief to the end of the worker. `WorkerStarted` is its start."""
    return await put_to_work(effect.round, context)
