"""A command line put to work on one round, without a supervisor."""

import asyncio
import os
from pathlib import Path

from support.repositories import sandbox

from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Decision, Request
from agentproxy.events.work import WorkerEnded
from agentproxy.workers.command import CommandWorker
from agentproxy.workers.launcher import Launcher, WorkerGrants
from agentproxy.workers.port import Brief, WorkerCallbacks
from agentproxy.workers.program import Program
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Mount, Sandbox


def callbacks(facts: list[Fact]) -> WorkerCallbacks:
    async def ask(request: Request) -> Decision:
        return Decision(request=request.id, allowed=True, by="policy")

    async def record(fact: Fact) -> None:
        facts.append(fact)

    return WorkerCallbacks(ask=ask, record=record, show=lambda _: None)


def work_once(
    folder: Path, command: str, *, grants: WorkerGrants, box: Sandbox | None = None
) -> tuple[WorkerEnded, list[Fact]]:
    """How the work ended, and what was recorded meanwhile."""
    box = box or sandbox()
    tree, home = folder / "tree", folder / "home"
    for path in (tree, home):
        path.mkdir(exist_ok=True)
    program = Program.parse(command, started_in=folder, environ=os.environ)
    mounts = (Mount(at=str(tree), mode="rw", source=tree),) if box.isolates else ()
    env = {"PATH": os.environ["PATH"]}
    place = JobLayout(root=str(tree), cwd=str(tree), env=env, mounts=mounts)
    brief = Brief(run="run", round=1, text="Do it", place=place, home=home, seconds=90)
    facts: list[Fact] = []
    worker = CommandWorker("mine", Launcher(program, sandbox=box, grants=grants))
    return asyncio.run(worker.work(brief, callbacks(facts))), facts
