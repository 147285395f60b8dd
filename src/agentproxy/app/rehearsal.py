"""Rehearses a run in memory, up to the start of its worker. Nothing of it is kept."""

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Sequence

from agentproxy import __version__
from agentproxy.app.context import App, Project
from agentproxy.app.orders import new_number
from agentproxy.app.rules import read_project, rules_reader
from agentproxy.app.shell_check import refuse_what_is_no_shell
from agentproxy.app.task_request import make_order, read_request
from agentproxy.engine.recorder import Recorder
from agentproxy.engine.requests import Desk
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.events.requests import Request
from agentproxy.events.run import RunCreated, SegmentStarted
from agentproxy.events.work import WorkerEnded
from agentproxy.evidence.check_context import CheckContext
from agentproxy.files.remove_tree import remove_tree
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.kept_base import KeptBase
from agentproxy.supervisor.llm.thinking import SupervisorModel
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.state import State
from agentproxy.supervisor.supervise import rehearse
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError
from agentproxy.workspace.git.repository import Repository, drop_refs
from agentproxy.workspace.sandbox.port import Sandbox

TASK = "Look whether the checks of this project can run"


class _Nobody:
    """The worker of a rehearsal: it is never asked."""

    name = "nobody"
    claims_by = "end"
    goes_on_from_facts = False
    opens_session = False

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        del brief, callbacks
        raise WorkerError("a rehearsal has no worker")

    async def message(self, text: str, *, key: str) -> bool:
        del text, key
        return False

    def grants(self) -> Sequence[str]:
        return ()


async def rehearse_run(
    project: Project, checks: Sequence[str], *, tell: Callable[[Event], None]
) -> State:
    """Runs the checks once at the base; `tell` hears each event.

    Raises BadRequest, RepositoryUnusable, SandboxError, NotText, NotShell, BadFile.
    """
    app = project.app
    repository = await app.repository(project.directory)
    # Read only to report a mistake in the configuration before anything runs.
    await asyncio.to_thread(read_project, repository.root, app=app, repository=repository.root)
    await refuse_what_is_no_shell("--check", checks)
    request = read_request({"task": TASK, "directory": project.directory, "checks": tuple(checks)})
    order = make_order(request, root=repository.root, settings=project.settings)
    # No model plans or judges here, and no money is spent.
    order = order.model_copy(update={"judge": "", "budget": None})
    sandbox = await app.sandbox(order.sandbox)
    number = new_number()
    recorder = _recorder(number, tell)
    folder = app.folder(number)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    try:
        await recorder.record(RunCreated(request=order, product=__version__))
        started = SegmentStarted(
            segment=1, pid=os.getpid(), sandbox=sandbox.level, product=__version__
        )
        await recorder.record(started)
        parts = await _parts(app, recorder, number, repository=repository, sandbox=sandbox)
        await rehearse(recorder, parts, show=lambda _source, _text: None)
    finally:
        await asyncio.to_thread(remove_tree, folder)
        await drop_refs(repository, f"refs/agentproxy/{number}/")
    return recorder.state


def _recorder(number: RunId, tell: Callable[[Event], None]) -> Recorder[State]:
    numbers = itertools.count(1)

    async def append(drafts: Sequence[Draft], taken: Sequence[CommandId]) -> Sequence[Event]:
        del taken
        return [
            Event(number, next(numbers), time.time(), each.actor, each.fact, each.cause)
            for each in drafts
        ]

    return Recorder(SUPERVISED.new_state(), append, reduce=SUPERVISED.reduce, observers=[tell])


async def _parts(
    app: App,
    recorder: Recorder[State],
    number: RunId,
    *,
    repository: Repository,
    sandbox: Sandbox,
) -> Parts:
    checks = CheckContext(
        repository=repository,
        sandbox=sandbox,
        folder=app.folder(number),
        environ=app.environ,
        environments=app.environments,
        registries=await app.registries(),
    )

    def refuse(_: Request) -> str:
        return "a rehearsal has no worker"

    return Parts(
        run=number,
        product=__version__,
        checks=checks,
        worker=_Nobody(),
        recorder=recorder,
        desk=Desk(recorder, rule=refuse),
        model=SupervisorModel(state=recorder.state, checks=checks, model=lambda _: None),
        read_rules=rules_reader(app, repository.root),
        hold=None,
        kept_base=KeptBase(None, product=__version__, run=number),
        jobs=1,
    )
