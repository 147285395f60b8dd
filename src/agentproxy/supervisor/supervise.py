"""Drives a supervised run with the engine, and turns faults of effects into facts."""

from collections.abc import Callable, Mapping

from agentproxy.engine.context import Context
from agentproxy.engine.loop import Engine
from agentproxy.engine.recorder import Recorder
from agentproxy.engine.slots import Slots
from agentproxy.events.envelope import Fact
from agentproxy.events.run import EffectFailed
from agentproxy.evidence.check_context import NotClean
from agentproxy.models.port import BudgetSpent, ModelError
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.effects.build_environment import BuildEnvironment
from agentproxy.supervisor.effects.find_environment import FindEnvironment
from agentproxy.supervisor.effects.plan import AgreeContract, ReadContexts
from agentproxy.supervisor.effects.record_base import RecordBase
from agentproxy.supervisor.effects.run_check import RunCheck
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.state import State
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError

# What a run does before its worker starts, and beside it at the base.
PREPARES = (RecordBase, ReadContexts, AgreeContract, FindEnvironment, BuildEnvironment, RunCheck)
WITHOUT_JUDGE = "--judge none runs without the supervisor's model"
DEFECT = "this is a defect of Agent Proxy; report it with the number of the run"
DISK = "free space or fix the permissions, then pa resume"


def supervised_engine(
    recorder: Recorder[State], parts: Parts, *, show: Callable[[str, str], None]
) -> Engine[State, Parts]:
    context = _context(recorder, parts, show=show)
    # Without isolation, checks meet each other's ports and files.
    checks_at_once = parts.jobs if parts.checks.sandbox.isolates else 1
    return Engine(
        face=SUPERVISED,
        recorder=recorder,
        context=context,
        faults=fault_of,
        slots={"checks": Slots(checks_at_once)},
    )


async def rehearse(
    recorder: Recorder[State], parts: Parts, *, show: Callable[[str, str], None]
) -> None:
    """Performs these effects one after another, until only the worker could go on, or one failed.

    The state of `recorder` tells what came of it. No model and no worker is asked.
    """
    context = _context(recorder, parts, show=show)
    while effects := _preparing(recorder.state):
        for key, effect in effects.items():
            await _perform(key, effect, context, recorder=recorder)


def _context(
    recorder: Recorder[State], parts: Parts, *, show: Callable[[str, str], None]
) -> Context[State, Parts]:
    return Context(
        state=recorder.state, parts=parts, record=recorder.record, until=recorder.until, show=show
    )


def _preparing(state: State) -> Mapping[str, object]:
    return {
        key: effect for key, effect in SUPERVISED.due(state).items() if isinstance(effect, PREPARES)
    }


async def _perform(
    key: str, effect: object, context: Context[State, Parts], *, recorder: Recorder[State]
) -> None:
    handler = SUPERVISED.handler(effect)
    if (first := handler.first_fact(key, effect)) is not None:
        await recorder.record(first, cause=key)
    try:
        facts = await handler.run(effect, context)
    except Exception as error:  # noqa: BLE001 - as the engine has it: a fault is a fact
        facts = [fault_of(key, error)]
    await recorder.record(*facts, cause=key)


def fault_of(key: str, error: Exception) -> Fact:
    """Returns the fact that an effect failed, with a cure."""
    cure, fault = "", "infrastructure"
    text = str(error)
    match error:
        case RepositoryUnusable():
            cure, fault = error.cure, "usage"
        case BudgetSpent():
            cure, fault = error.cure, "ceiling"
        case WorkerError() | SandboxError():
            cure = error.cure
        case ModelError():
            cure = f"{error.cure}; {WITHOUT_JUDGE}" if error.cure else WITHOUT_JUDGE
        case GitError() | NotClean():
            pass
        case OSError():
            text = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
            cure = DISK
        case _:
            text, cure = f"{type(error).__name__}: {error}", DEFECT
    return EffectFailed(effect=key, error=text, cure=cure, fault=fault)
