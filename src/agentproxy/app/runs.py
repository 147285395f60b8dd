"""Placing an order, and working on a run in this process."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy import __version__
from agentproxy.app.context import App
from agentproxy.app.models import meter_of, open_judges, with_choices
from agentproxy.app.rules import rules_reader
from agentproxy.app.run_ownership import (
    RunDependencies,
    acquire_run,
    run_until_parked,
    this_process,
)
from agentproxy.app.screenshots import load_screenshots, read_images, store_screenshots
from agentproxy.app.shell_check import refuse_what_is_no_shell
from agentproxy.app.utf8_check import refuse_what_is_no_text
from agentproxy.app.worker_factory import create_worker
from agentproxy.engine.commands import CommandHandler
from agentproxy.engine.recorder import Recorder
from agentproxy.events.commands import StopRun
from agentproxy.events.conversation import Image
from agentproxy.events.envelope import CommandId, Draft, Event, RunId
from agentproxy.events.run import Order, RunCreated
from agentproxy.journal.port import Lease
from agentproxy.policy.decide import Policy
from agentproxy.supervisor.contexts.session import SessionKeeper
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.rulings import rule_by
from agentproxy.supervisor.run_folder import tidy_stopped
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.repository import Repository, open_repository
from agentproxy.workspace.sandbox.detect import choose_sandbox

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
NUMBER_LENGTH = 8
Show = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What a person orders, before it is known where: `directory` is where they stand."""

    task: str
    directory: Path
    worker: str = ""
    model: str = ""
    judge: str = ""
    budget: float | None = None
    checks: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    known_red: tuple[str, ...] = ()
    max_rounds: int | None = None
    max_time: float | None = None
    from_head: bool = False
    include_untracked: bool = False
    sandbox: str = ""
    screenshots: tuple[Path, ...] = ()


def new_number() -> RunId:
    """A number for a run: eight letters and digits that cannot be mistaken for each other."""
    return RunId("".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH)))


async def place_order(app: App, wish: TaskRequest) -> Lease:
    """Create the run. Its repository is looked at first, its worker and sandbox are tried.

    Raises:
        RepositoryUnusable: no run can start from here; the cure is in it.
        WorkerError: there is no such worker, or it cannot work.
        SandboxError: no sandbox starts.
        ScreenshotUnusable: a file that is to be attached is no image, or too large.
        NotText: a text of the order is not UTF-8.
        NotShell: a check is no command that the shell can read.
    """
    images = await asyncio.to_thread(read_images, wish.screenshots)
    repository = await open_repository(wish.directory)
    settings = app.settings
    order = Order(
        task=wish.task,
        repository=str(repository.root),
        directory=str(wish.directory.resolve().relative_to(repository.root.resolve())),
        worker=wish.worker or settings.worker or "",
        model=wish.model or settings.model or "",
        budget=wish.budget or settings.budget,
        checks=wish.checks,
        keep=wish.keep,
        known_red=wish.known_red,
        max_rounds=wish.max_rounds or settings.max_rounds,
        max_time=wish.max_time or settings.max_time or Order.model_fields["max_time"].default,
        from_head=wish.from_head,
        include_untracked=wish.include_untracked,
        sandbox="plain" if (wish.sandbox or settings.sandbox) == "plain" else "auto",
    )
    refuse_what_is_no_text(order)
    await refuse_what_is_no_shell("--check", order.checks)
    await refuse_what_is_no_shell("--keep", order.keep)
    sandbox = await choose_sandbox(order.sandbox)
    order = with_choices(order, wish.judge, app=app)
    worker = create_worker(order, app=app, sandbox=sandbox)
    open_judges(order, app=app)
    number = new_number()
    kept = await asyncio.to_thread(store_screenshots, images, folder=app.folder(number))
    order = order.model_copy(update={"worker": worker.name, "screenshots": kept})
    draft = Draft(actor="human", fact=RunCreated(order=order, product=__version__))
    return await app.journal.create(number, draft, this_process())


async def work_on(app: App, lease: Lease, *, hold: float | None, show: Show) -> State:
    """Bring a run as far as it goes, in this process.

    Raises:
        RepositoryUnusable, WorkerError, SandboxError: what it needs is not there any more.
        Fenced: another process has taken the run since.
    """
    order = SUPERVISED.replay(await app.journal.read(lease.run, limit=1)).require_order()
    repository = await _same_repository(order)
    sandbox = await choose_sandbox(order.sandbox)
    pictures = await asyncio.to_thread(load_screenshots, app, lease.run, order)
    judges = open_judges(order, app=app)
    means = RunDependencies(
        repository=repository,
        sandbox=sandbox,
        create_worker=lambda meter: create_worker(order, app=app, sandbox=sandbox, meter=meter),
        judges=judges,
        environ=app.environ,
        folder=app.folder(lease.run),
        rule=rule_by(
            Policy(
                root=str(repository.root),
                directory=order.directory,
                scratch=("/tmp",) if sandbox.isolates else (),
            )
        ),
        read_rules=rules_reader(app, repository.root),
        hold=hold,
        show=show,
        environments=app.environments,
        registries=await app.registries(),
        images=[Image(media_type=kind, data=data) for kind, data in pictures],
        meter=meter_of(app),
    )
    means.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return await run_until_parked(app.journal, lease, means)
    finally:
        for model in judges:
            await model.close()


async def _same_repository(order: Order) -> Repository:
    return await open_repository(Path(order.repository))


async def end_unowned(app: App, run: RunId, command: StopRun) -> None:
    """End a run that nobody works on.

    Raises:
        StillOwned: a live process has it after all.
    """
    lease = await acquire_run(app.journal, run)
    state = SUPERVISED.replay(await app.journal.read(run))

    async def append(drafts: Sequence[Draft], taken: Sequence[CommandId]) -> Sequence[Event]:
        return await app.journal.append(lease, drafts, taken=taken)

    keeper = SessionKeeper(state, root=Path(state.require_order().repository), run=run)
    recorder = Recorder(state, append, reduce=SUPERVISED.reduce, observers=[keeper.note])
    number = await app.journal.submit(run, command)
    await CommandHandler(recorder).handle(number, command)
    await keeper.write()
    await asyncio.to_thread(tidy_stopped, app.folder(run))
