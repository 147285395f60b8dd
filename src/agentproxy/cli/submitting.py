"""Submits a command to a run that can use it."""

import click

from agentproxy.app.context import App
from agentproxy.app.queries import is_live
from agentproxy.app.runs import end_unowned
from agentproxy.app.utf8_check import is_text
from agentproxy.cli.failure import Failure
from agentproxy.cli.options import refuse_long
from agentproxy.cli.run_lookup import with_run
from agentproxy.events.commands import Answer, Approve, Deny, StopRun
from agentproxy.events.envelope import RunId
from agentproxy.events.requests import RequestKind
from agentproxy.supervisor.effects import SUPERVISED

OPEN: dict[RequestKind, str] = {"question": "question", "permission": "permission request"}


def submit(given: str, command: Answer | Approve | Deny, *, waits_for: RequestKind) -> int:
    _refuse_unusable_text(command)

    async def inside(app: App, run: RunId) -> int:
        state = SUPERVISED.replay(await app.journal.read(run))
        waiting = [
            request
            for request in state.dialogue.open_requests()
            if request.kind == waits_for and command.request in ("", request.id)
        ]
        if state.ended is not None or not waiting:
            raise Failure(f"run {run} has no open {OPEN[waits_for]}", cure=f"pa show {run}")
        if len(waiting) > 1:
            names = ", ".join(request.id for request in waiting)
            raise Failure(f"run {run} has several: {names}", cure="choose one with --request ID")
        meant = command.model_copy(update={"request": waiting[0].id})
        await app.journal.submit(run, meant)
        if await is_live(app, run):
            click.echo(f"sent to run {run}")
        else:
            click.echo(f"stored for run {run}; continue it with pa resume {run}")
        return 0

    return with_run(given, inside)


def submit_stop(given: str, command: StopRun) -> int:
    """A live owner stops its run; otherwise this process does."""
    _refuse_unusable_text(command)

    async def inside(app: App, run: RunId) -> int:
        state = SUPERVISED.replay(await app.journal.read(run))
        if state.ended is not None:
            raise Failure(f"run {run} has already ended", cure=f"pa show {run}")
        if await is_live(app, run):
            await app.journal.submit(run, command)
            click.echo(f"sent to run {run}")
        else:
            await end_unowned(app, run, command)
            click.echo(f"run {run} is stopped")
        return 0

    return with_run(given, inside)


def _refuse_unusable_text(command: Answer | Approve | Deny | StopRun) -> None:
    for name, value in command:
        if isinstance(value, str):
            refuse_long(f"the {name}", value)
        if isinstance(value, str) and not is_text(value):
            raise Failure(f"the {name} is not UTF-8: {value!a}", cure="write it in UTF-8")
