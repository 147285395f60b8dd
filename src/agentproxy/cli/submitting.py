"""Submits a command to a run that can use it."""

import json
from typing import Literal

import click

from agentproxy.app.context import App
from agentproxy.app.queries import is_live
from agentproxy.app.runs import end_unowned
from agentproxy.app.utf8_check import is_text
from agentproxy.cli.failure import Failure, warn
from agentproxy.cli.options import refuse_long
from agentproxy.cli.run_lookup import with_run
from agentproxy.events.commands import Answer, Approve, Command, Deny, SendMessage, StopRun
from agentproxy.events.envelope import RunId
from agentproxy.events.requests import RequestKind
from agentproxy.supervisor.effects import SUPERVISED

Status = Literal["sent", "stored", "stopped"]
OPEN: dict[RequestKind, str] = {"question": "question", "permission": "permission request"}


def submit(
    given: str, command: Answer | Approve | Deny, *, waits_for: RequestKind, output: str | None
) -> int:
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
        return _report(await _store(app, run, meant), meant, run=run, output=output)

    return with_run(given, inside)


def submit_message(given: str, command: SendMessage, *, output: str | None) -> int:
    _refuse_unusable_text(command)

    async def inside(app: App, run: RunId) -> int:
        await _refuse_ended(app, run)
        return _report(await _store(app, run, command), command, run=run, output=output)

    return with_run(given, inside)


def submit_stop(given: str, command: StopRun, *, output: str | None) -> int:
    """A live owner stops its run; otherwise this process does."""
    _refuse_unusable_text(command)

    async def inside(app: App, run: RunId) -> int:
        await _refuse_ended(app, run)
        if await is_live(app, run):
            return _report(await _store(app, run, command), command, run=run, output=output)
        await end_unowned(app, run, command)
        return _report("stopped", command, run=run, output=output)

    return with_run(given, inside, say=warn)


async def _store(app: App, run: RunId, command: Command) -> Status:
    await app.journal.submit(run, command)
    return "sent" if await is_live(app, run) else "stored"


async def _refuse_ended(app: App, run: RunId) -> None:
    if SUPERVISED.replay(await app.journal.read(run)).ended is not None:
        raise Failure(f"run {run} has already ended", cure=f"pa show {run}")


def _report(status: Status, command: Command, *, run: RunId, output: str | None) -> int:
    if output == "json":
        click.echo(json.dumps({"run": run, "command": command.kind, "status": status}))
        return 0
    text = {
        "sent": f"sent to run {run}",
        "stored": f"stored for run {run}; continue it with pa resume {run}",
        "stopped": f"run {run} is stopped",
    }
    click.echo(text[status])
    return 0


def _refuse_unusable_text(command: Command) -> None:
    for name, value in command:
        if isinstance(value, str):
            refuse_long(f"the {name}", value)
        if isinstance(value, str) and not is_text(value):
            raise Failure(f"the {name} is not UTF-8: {value!a}", cure="write it in UTF-8")
