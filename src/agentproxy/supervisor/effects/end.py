"""Ends the run with the verdict of its last round."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.run import RunEnded
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.run_folder import tidy
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class End:
    """End the run."""


@SUPERVISED.due_at(Stage.END)
def end_due(_state: State) -> Mapping[str, End]:
    return {"end": End()}


@SUPERVISED.handles(End)
async def end(_effect: End, context: Context[State, Parts]) -> Sequence[Fact]:
    state, parts = context.state, context.parts
    judged = state.judged[state.round]
    # Not before the verdict, which nobody should await for the sake of later runs.
    await parts.kept_base.keep(state, parts.checks)
    await asyncio.to_thread(tidy, parts.checks.folder)
    return [RunEnded(verdict=judged.verdict, reason=judged.reason)]
