"""Takes a run to work on. What works on it is loaded while git and the sandbox are waited for."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from agentproxy.app.context import App, open_app
from agentproxy.app.journal import Lease
from agentproxy.app.orders import place_order
from agentproxy.app.task_request import TaskRequest
from agentproxy.cli.failure import warn
from agentproxy.cli.faults import as_failures
from agentproxy.cli.options import chosen_output
from agentproxy.cli.screens.opening import module_of
from agentproxy.cli.signals import keep_signal_handlers
from agentproxy.engine.loading import begin_to_load, loaded

WORK: Final = "agentproxy.cli.driving.at_terminal"  # a third of all that a run loads

Take = Callable[[App], Awaitable[Lease]]


def drive_new(request: TaskRequest, *, output: str | None) -> int:
    return drive(lambda app: place_order(app, request), directory=request.directory, output=output)


def drive(take: Take, *, directory: Path, output: str | None, home: Path | None = None) -> int:
    """Takes a run and works on it; `home` overrides the home in the directory's settings."""
    with as_failures():
        return asyncio.run(_drive(take, directory=directory, output=output, home=home))


async def _drive(take: Take, *, directory: Path, output: str | None, home: Path | None) -> int:
    began = time.monotonic()
    begin_to_load(WORK)
    # After Ctrl+C a second one must not interrupt the last output, but may end what comes then.
    opened = open_app(
        os.environ, directory, home=home, say=warn, before_sending=keep_signal_handlers()
    )
    async with opened as app:
        style = chosen_output(output, app.settings.output or "")
        begin_to_load(module_of(style))
        lease = await take(app)
        await loaded(WORK)
        from agentproxy.cli.driving.at_terminal import work_at_terminal

        return await work_at_terminal(app, lease, style=style, began=began)
