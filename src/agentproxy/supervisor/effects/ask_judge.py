"""Asks the judge about criteria that no check proves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.plan import OpinionGiven
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class AskJudge:
    round: int
    criterion: str


@SUPERVISED.fold(OpinionGiven)
def fold_opinion(state: State, fact: OpinionGiven) -> None:
    state.opinions[fact.round, fact.criterion] = fact


@SUPERVISED.due_at(Stage.JUDGE)
def question_due(state: State) -> Mapping[str, AskJudge]:
    number = state.round
    weighed = state.weighed[number]
    # A claim that is refuted or changes nothing needs no opinion.
    if not state.require_order().judge or weighed.refuted or state.unchanged(number):
        return {}
    for criterion in weighed.questions:
        if (number, criterion) not in state.opinions:
            return {f"ask:{number}:{criterion}": AskJudge(number, criterion)}
    return {}


@SUPERVISED.handles(AskJudge)
async def ask_judge(effect: AskJudge, context: Context[State, Parts]) -> Sequence[Fact]:
    return [await context.parts.model.judge(effect.round, effect.criterion)]
