"""Reads the contexts, plans the task, and agrees on the contract."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.envelope import Fact
from agentproxy.events.plan import ContextsRead, PlanMade
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.same_commands import TEST_PROGRAMS
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.planning import agree_contract
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.environment.discover import find_path


@dataclass(frozen=True, slots=True)
class ReadContexts:
    """Read what the project says about itself."""


@dataclass(frozen=True, slots=True)
class MakePlan:
    """Plan the parts of the task."""


@dataclass(frozen=True, slots=True)
class AgreeContract:
    """Make the contract."""


@SUPERVISED.fold(ContextsRead)
def fold_contexts(state: State, fact: ContextsRead) -> None:
    state.contexts = fact


@SUPERVISED.fold(PlanMade)
def fold_plan(state: State, fact: PlanMade) -> None:
    state.plan = fact


@SUPERVISED.fold(ContractAgreed)
def fold_contract(state: State, fact: ContractAgreed) -> None:
    state.contract = fact.contract


@SUPERVISED.due_at(Stage.CONTEXTS)
def contexts_due(state: State) -> Mapping[str, ReadContexts]:
    return {} if state.contexts or state.contract else {"contexts": ReadContexts()}


@SUPERVISED.due_at(Stage.PLAN)
def plan_due(state: State) -> Mapping[str, MakePlan]:
    # Without a model of the supervisor there is no plan.
    planned = state.plan or state.contract or not state.require_order().judge
    return {} if planned else {"plan": MakePlan()}


@SUPERVISED.due_at(Stage.CONTRACT)
def contract_due(state: State) -> Mapping[str, AgreeContract]:
    return {} if state.contract else {"contract": AgreeContract()}


@SUPERVISED.handles(ReadContexts)
async def read_contexts(_effect: ReadContexts, context: Context[State, Parts]) -> Sequence[Fact]:
    return [await context.parts.model.read_contexts()]


@SUPERVISED.handles(MakePlan)
async def make_plan(_effect: MakePlan, context: Context[State, Parts]) -> Sequence[Fact]:
    return [await context.parts.model.plan()]


@SUPERVISED.handles(AgreeContract)
async def make_agreement(_effect: AgreeContract, context: Context[State, Parts]) -> Sequence[Fact]:
    state, parts = context.state, context.parts
    checks, order = parts.checks, state.require_order()
    agreed = await agree_contract(
        order=order,
        commit=state.require_base().commit,
        checks=checks,
        programs=await asyncio.to_thread(_find_test_programs, checks, order.directory),
        read_rules=parts.read_rules,
        parts=state.plan.parts if state.plan else (),
    )
    return [agreed]


def _find_test_programs(checks: CheckContext, directory: str) -> dict[str, str]:
    path = find_path(checks.repository.root, directory, environ=checks.environ)
    where = {name: shutil.which(name, path=path) for name in TEST_PROGRAMS}
    return {name: path for name, path in where.items() if path}
