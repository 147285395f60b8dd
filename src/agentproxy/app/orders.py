"""Places an order: a run is created after a trial of all that it needs."""

import asyncio
import secrets

from agentproxy import __version__
from agentproxy.app.context import App
from agentproxy.app.holders import new_holder
from agentproxy.app.models import open_judges, with_choices
from agentproxy.app.rules import read_project
from agentproxy.app.screenshots import read_images, store_screenshots
from agentproxy.app.shell_check import refuse_what_is_no_shell
from agentproxy.app.task_request import TaskRequest, make_order
from agentproxy.app.worker_factory import create_worker
from agentproxy.engine.cancellation import beside
from agentproxy.events.envelope import Draft, RunId
from agentproxy.events.run import RunCreated
from agentproxy.journal.port import Lease

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without 0, 1, i, l, o, which look alike
NUMBER_LENGTH = 8


def new_number() -> RunId:
    return RunId("".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH)))


async def place_order(app: App, request: TaskRequest) -> Lease:
    """Creates the run, after a trial of its repository, worker, sandbox and models.

    Raises RepositoryUnusable, WorkerError, SandboxError, ScreenshotUnusable, NotText, NotShell,
    BadFile.
    """
    # What the project says may choose another one. To try one takes as long as all before.
    likely = request.sandbox or app.settings.sandbox
    async with beside(app.sandbox(likely)) as trial:
        images = await asyncio.to_thread(read_images, request.screenshots)
        repository = await app.repository(request.directory)
        project = await app.project(request.directory)
        # Read only to report a mistake in the configuration before the run begins.
        await asyncio.to_thread(read_project, repository.root, app=app, repository=repository.root)
        order = make_order(request, root=repository.root, settings=project.settings)
        await refuse_what_is_no_shell("--check", order.checks)
        await refuse_what_is_no_shell("--keep", order.keep)
        sandbox = await (trial if order.sandbox == likely else app.sandbox(order.sandbox))
    order = with_choices(order, request.judge, project=project)
    # Worker and models are only tried here: `work_on` makes its own.
    worker = create_worker(order, project=project, sandbox=sandbox)
    open_judges(order, project=project)
    number = new_number()
    kept = await asyncio.to_thread(store_screenshots, images, folder=app.folder(number))
    order = order.model_copy(update={"worker": worker.name, "screenshots": kept})
    draft = Draft(actor="human", fact=RunCreated(request=order, product=__version__))
    return await app.journal.create(number, draft, new_holder())
