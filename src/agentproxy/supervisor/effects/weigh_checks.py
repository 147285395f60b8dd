"""Weighs the results of the checks once, so that later stages only look up verdicts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.verdict import ChecksWeighed
from agentproxy.supervisor.check_verdicts import weigh_checks
from agentproxy.supervisor.effects.merge_target import look_at_target
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class WeighChecks:
    round: int


@SUPERVISED.fold(ChecksWeighed)
def fold_weighed(state: State, fact: ChecksWeighed) -> None:
    state.weighed[fact.round] = fact


@SUPERVISED.due_at(Stage.WEIGHING)
def weighing_due(state: State) -> Mapping[str, WeighChecks]:
    # More results than the last weighing saw make it due again.
    weighed = state.weighed.get(state.round)
    if weighed is not None and weighed.results == state.result_count:
        return {}
    return {f"weigh:{state.round}:{state.result_count}": WeighChecks(state.round)}


@SUPERVISED.handles(WeighChecks)
async def weigh(effect: WeighChecks, context: Context[State, Parts]) -> Sequence[Fact]:
    # In a thread: many thousands of tests take a while.
    weighed = await asyncio.to_thread(weigh_checks, context.state, effect.round)
    return [*await look_at_target(context.state, context.parts, weighed), weighed]
