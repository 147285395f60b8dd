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
    """Say the final verdict."""


@SUPERVISED.due_at(Stage.END)
def end_due(_state: State) -> Mapping[str, End]:
    """Due when nothing else is."""
    return {"end": End()}


@SUPERVISED.handles(End)
async def end(_effect: End, context: Context[State, Parts]) -> Sequence[Fact]:
    """The clones of the run are removed first: all claims are on their refs."""
    judged = context.state.judged[context.state.round]
    await asyncio.to_thread(tidy, context.parts.checks.folder)
    return [RunEnded(verdict=judged.verdict, reason=judged.reason)]
