"""Opens the application and finds the run that a command names."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from agentproxy.app.context import App, Project, open_app
from agentproxy.app.following import Say
from agentproxy.app.queries import find_run
from agentproxy.cli.cleaning import clean
from agentproxy.cli.faults import as_failures
from agentproxy.cli.options import refuse_long
from agentproxy.cli.workdir import current_folder
from agentproxy.config.mistakes import BadFile
from agentproxy.events.envelope import RunId
from agentproxy.workspace.git.repository import RepositoryUnusable

MAX_RUN_BYTES = 100
Looked = TypeVar("Looked")


def with_app(
    look: Callable[[App], Awaitable[Looked]],
    directory: Path | None = None,
    *,
    say: Say | None = None,
) -> Looked:
    """`say` is given by a command that may work on a run."""

    async def inside() -> Looked:
        place = directory or current_folder()
        async with open_app(os.environ, place, forgive=warn_of_bad_file, say=say) as app:
            return await look(app)

    with as_failures():
        return asyncio.run(inside())


def with_project(
    look: Callable[[Project], Awaitable[Looked]], directory: Path | None = None
) -> Looked:
    """`directory` is the project's; None is the current one."""

    async def inside(app: App) -> Looked:
        place = directory or current_folder()
        return await look(await app.project(place, forgive=lambda _: None))

    return with_app(inside, directory)


def warn_of_bad_file(error: BadFile) -> None:
    # A command that only reads can do without the `.env`.
    click.echo(f"pa: ignored: {clean(str(error))}", err=True)


def with_run(
    given: str, look: Callable[[App, RunId], Awaitable[Looked]], *, say: Say | None = None
) -> Looked:
    """Finds the run whose number begins with `given`; "" is the newest of this repository."""

    async def inside(app: App) -> Looked:
        return await look(app, await find_meant_run(app, given))

    return with_app(inside, say=say)


async def find_meant_run(app: App, given: str) -> RunId:
    """Raises NoSuchRun."""
    refuse_long("RUN", given, limit=MAX_RUN_BYTES)
    repository = ""
    if not given:
        try:
            repository = str((await app.repository(current_folder())).root)
        except RepositoryUnusable:
            repository = "\0"  # no repository has this path, so no run matches
    return await find_run(app, given, repository=repository)
