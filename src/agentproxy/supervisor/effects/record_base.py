"""Records the tree that the run starts from."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import BaseRecorded
from agentproxy.events.run import Order, RunCreated
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.environment.discover import find_folders
from agentproxy.workspace.trees.base import record_base


@dataclass(frozen=True, slots=True)
class RecordBase:
    """Keep the base under a ref of Agent Proxy."""


@SUPERVISED.fold(RunCreated)
def fold_created(state: State, fact: RunCreated) -> None:
    # The runs of other faces have states of their own.
    if isinstance(fact.request, Order):
        state.order = fact.request


@SUPERVISED.fold(BaseRecorded)
def fold_base(state: State, fact: BaseRecorded) -> None:
    state.base = fact


@SUPERVISED.due_at(Stage.BASE)
def base_due(state: State) -> Mapping[str, RecordBase]:
    return {} if state.base else {"base": RecordBase()}


@SUPERVISED.handles(RecordBase)
async def keep_base(_effect: RecordBase, context: Context[State, Parts]) -> Sequence[Fact]:
    order = context.state.require_order()
    checks = context.parts.checks

    base = await record_base(
        checks.repository,
        context.parts.run,
        from_head=order.from_head,
        include_untracked=order.include_untracked,
        # Environment folders are never part of the base.
        environment=await asyncio.to_thread(
            find_folders, checks.repository.root, order.directory, environ=checks.environ
        ),
    )
    return [base]
