"""Weighs the results of the checks, so that everything after it is a look-up."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.verdict import ChecksWeighed
from agentproxy.supervisor.check_verdicts import weigh_checks
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class WeighChecks:
    """Give each check its verdict, on the results so far."""

    round: int


@SUPERVISED.fold(ChecksWeighed)
def fold_weighed(state: State, fact: ChecksWeighed) -> None:
    """Take in the verdicts."""
    state.weighed[fact.round] = fact


@SUPERVISED.due_at(Stage.WEIGHING)
def weighing_due(state: State) -> Mapping[str, WeighChecks]:
    """Due again whenever there are results that were not weighed."""
    weighed = state.weighed.get(state.round)
    if weighed is not None and weighed.results == state.result_count:
        return {}
    return {f"weigh:{state.round}:{state.result_count}": WeighChecks(state.round)}


@SUPERVISED.handles(WeighChecks)
async def weigh(effect: WeighChecks, context: Context[State, Parts]) -> Sequence[Fact]:
    """In a thread: with many thousands of tests it takes a while."""
    return [await asyncio.to_thread(weigh_checks, context.state, effect.round)]
