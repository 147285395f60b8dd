"""Asks the judge about changes of old tests that the words of the task alone do not excuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.asked import ChangedTestsJudged
from agentproxy.events.envelope import Fact
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class AskAboutTests:
    round: int
    path: str


@SUPERVISED.fold(ChangedTestsJudged)
def fold_changed_tests(state: State, fact: ChangedTestsJudged) -> None:
    state.judged_tests[fact.round, fact.path] = fact
    state.result_count += 1  # what was weighed is out of date


@SUPERVISED.due_at(Stage.JUDGE)
def changed_tests_due(state: State) -> Mapping[str, AskAboutTests]:
    number = state.round
    weighed = state.weighed[number]
    if not state.require_order().judge or weighed.refuted or state.unchanged(number):
        return {}
    for path in weighed.changed_tests:
        if (number, path) not in state.judged_tests:
            return {f"ask-tests:{number}:{path}": AskAboutTests(number, path)}
    return {}


@SUPERVISED.handles(AskAboutTests)
async def ask_about_tests(effect: AskAboutTests, context: Context[State, Parts]) -> Sequence[Fact]:
    return [await context.parts.model.judge_changed_tests(effect.round, effect.path)]
