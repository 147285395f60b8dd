"""Does what is due. Each kind of effect has a function of its own; faults become events here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agentproxy.events.envelope import Fact
from agentproxy.events.run import EffectFailed, RunEnded, RunParked
from agentproxy.evidence.check_context import CheckContext, NotClean
from agentproxy.models.port import BudgetSpent, ModelError
from agentproxy.supervisor.building import build_on, with_missing
from agentproxy.supervisor.checking import perform_check
from agentproxy.supervisor.delivery import deliver_result
from agentproxy.supervisor.effects import (
    AgreeContract,
    AskJudge,
    BuildEnvironment,
    Decide,
    Deliver,
    Effect,
    End,
    FindEnvironment,
    JudgeRound,
    MakePlan,
    Park,
    ReadContexts,
    RecordBase,
    RecordClaim,
    RestoreTests,
    RunCheck,
    Work,
)
from agentproxy.supervisor.judging import decide_next, judge_round
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.loop import Recorder
from agentproxy.supervisor.planning import ReadRules, agree_contract
from agentproxy.supervisor.request_desk import Desk
from agentproxy.supervisor.restoring import restore_tests
from agentproxy.supervisor.state import State
from agentproxy.supervisor.working import perform_work
from agentproxy.workers.port import Worker, WorkerError
from agentproxy.workspace.environment.discover import Wanted, find_environment
from agentproxy.workspace.environment.poetry_and_conda import ask_tools
from agentproxy.workspace.files.remove_tree import remove_tree
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.trees.base import record_base
from agentproxy.workspace.trees.claim import ClaimKey, record_claim
from agentproxy.workspace.trees.committed import committed_folders

Show = Callable[[str, str], None]
WITHOUT = "--judge none does without the supervisor's model"
OURS = "this is a defect of Agent Proxy: please report it with the run's number"


@dataclass
class Performer:
    """Everything an effect needs. `show` gets (source, text) fragments that may be dropped."""

    run: str
    product: str
    ground: CheckContext
    worker: Worker
    recorder: Recorder
    desk: Desk
    thinking: SupervisorModel
    read_rules: ReadRules
    show: Show
    checks_at_once: asyncio.Semaphore

    @property
    def state(self) -> State:
        """The run as it stands."""
        return self.recorder.state

    async def perform(self, effect: Effect) -> None:
        """Do it, and record what came of it; a fault is recorded as one."""
        try:
            await self._perform(effect)
        except (RepositoryUnusable, WorkerError, SandboxError) as error:
            fault = "usage" if isinstance(error, RepositoryUnusable) else "infrastructure"
            await self._record(
                EffectFailed(effect=name(effect), error=str(error), cure=error.cure, fault=fault)
            )
        except BudgetSpent as error:
            failed = EffectFailed(
                effect=name(effect), error=str(error), cure=error.cure, fault="ceiling"
            )
            await self._record(failed)
        except ModelError as error:
            cure = f"{error.cure}; {WITHOUT}" if error.cure else WITHOUT
            await self._record(EffectFailed(effect=name(effect), error=str(error), cure=cure))
        except (GitError, NotClean) as error:
            await self._record(EffectFailed(effect=name(effect), error=str(error)))
        except OSError as error:
            text = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
            cure = "make room or fix the permissions, then pa resume"
            await self._record(EffectFailed(effect=name(effect), error=text, cure=cure))
        except Exception as error:  # noqa: BLE001 - a crash of an effect becomes an event
            text = f"{type(error).__name__}: {error}"
            await self._record(EffectFailed(effect=name(effect), error=text, cure=OURS))

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case ReadContexts() | MakePlan() | AskJudge():
                await self._record(await self.thinking.think(effect))
            case RecordBase() | AgreeContract() | FindEnvironment() | BuildEnvironment():
                await self._prepare(effect)
            case RunCheck():
                await perform_check(
                    effect,
                    state=self.state,
                    ground=self.ground,
                    record=self._record,
                    show=self.show,
                    at_once=self.checks_at_once,
                )
            case Work():
                await perform_work(self, effect)
            case RecordClaim():
                await self._record(await self._claim(effect))
            case RestoreTests():
                await self._record(
                    await restore_tests(effect, state=self.state, ground=self.ground, run=self.run)
                )
            case JudgeRound() | Decide() | Deliver():
                await self._record(await self._conclude(effect))
            case Park():
                await self._record(RunParked(why=effect.why, reason=effect.reason))
            case End():
                await self._end()

    async def _conclude(self, effect: JudgeRound | Decide | Deliver) -> Fact:
        if isinstance(effect, JudgeRound):
            return await judge_round(
                self.state, effect.round, ground=self.ground, product=self.product, run=self.run
            )
        if isinstance(effect, Decide):
            return decide_next(self.state, effect.round)
        return await deliver_result(self.state, ground=self.ground, run=self.run)

    async def _prepare(
        self, effect: RecordBase | AgreeContract | FindEnvironment | BuildEnvironment
    ) -> None:
        order = self.state.require_order()
        repository = self.ground.repository
        if isinstance(effect, RecordBase):
            fact: Fact = await record_base(
                repository,
                self.run,
                from_head=order.from_head,
                include_untracked=order.include_untracked,
                environment=await asyncio.to_thread(self._environment_folders),
            )
        elif isinstance(effect, AgreeContract):
            fact = await agree_contract(
                repository,
                order=order,
                commit=self.state.require_base().commit,
                folder=self.ground.folder,
                read_rules=self.read_rules,
                parts=self.state.plan.parts if self.state.plan else (),
            )
        elif isinstance(effect, BuildEnvironment):
            fact = await build_on(effect.on, state=self.state, ground=self.ground, show=self.show)
        else:
            fact = await self._look_around()
        await self._record(fact)

    async def _look_around(self) -> Fact:
        repository, order = self.ground.repository, self.state.require_order()
        contract = self.state.require_contract()
        wanted = Wanted(
            commands=tuple(check.command for check in contract.checks),
            folders=contract.folders,
            carry=contract.carry,
            prepare=contract.prepare,
            committed=await committed_folders(repository, self.state.require_base().tree),
        )
        root, environ = repository.root, self.ground.environ
        found = await asyncio.to_thread(
            find_environment, root, order.directory, environ=environ, wanted=wanted
        )
        asked = await ask_tools(
            root, order.directory, found=found, environ=environ, sandbox=self.ground.sandbox
        )
        if asked.folder is not None:
            wanted = replace(wanted, managed=asked.folder)
            found = await asyncio.to_thread(
                find_environment, root, order.directory, environ=environ, wanted=wanted
            )
        told = (*found.notes, *([asked.note] if asked.note else []))
        found = found.model_copy(update={"env": {**found.env, **dict(asked.env)}, "notes": told})
        return await asyncio.to_thread(with_missing, found, state=self.state, root=root)

    def _environment_folders(self) -> list[Path]:
        order = self.state.require_order()
        found = find_environment(
            self.ground.repository.root,
            order.directory,
            environ=self.ground.environ,
            wanted=Wanted(),
        )
        return [Path(folder) for folder in found.folders]

    async def _claim(self, effect: RecordClaim) -> Fact:
        scratch = self.ground.folder / "claim"
        await asyncio.to_thread(remove_tree, scratch)
        scratch.mkdir(parents=True)
        return await record_claim(
            self.ground.repository,
            self.ground.folder / "work" / "tree",
            base=self.state.require_base(),
            key=ClaimKey(self.run, effect.round),
            sandbox=self.ground.sandbox,
            scratch=scratch,
        )

    async def _end(self) -> None:
        judged = self.state.judged[self.state.round]
        await asyncio.to_thread(tidy, self.ground.folder)
        await self._record(RunEnded(verdict=judged.verdict, reason=judged.reason))

    async def _record(self, fact: Fact) -> None:
        await self.recorder.record(fact)


def name(effect: Effect) -> str:
    """An effect's name in the record."""
    return type(effect).__name__


def tidy(folder: Path) -> None:
    """Let go of the clones of a run that is over: all claims are on their refs. Blocking."""
    tidy_stopped(folder)
    remove_tree(folder / "work")


def tidy_stopped(folder: Path) -> None:
    """Let go of what a stopped run needs no more. Its worker's clone stays: what it had begun is on
    no ref. Blocking.
    """
    for part in ("checkouts", "claim", "plan", "reports"):
        remove_tree(folder / part)
