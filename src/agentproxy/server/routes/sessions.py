"""Supervised runs over HTTP: their start, their stream, their state, and what a person says."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from agentproxy.app.holders import StillOwned
from agentproxy.app.hub import Position
from agentproxy.app.journal import UnknownRun
from agentproxy.app.queries import RunRow, is_live, list_runs
from agentproxy.app.runs import end_unowned
from agentproxy.app.supervised_host import SupervisedHost
from agentproxy.app.task_request import TaskRequest, read_request
from agentproxy.app.utf8_check import is_text
from agentproxy.events.commands import RaiseCeiling, SendMessage, StopRun
from agentproxy.events.envelope import RunId
from agentproxy.server.refusals import Refused, as_refusals
from agentproxy.server.routes.faces import SUPERVISOR
from agentproxy.server.tasks.answers_to_runs import command_for
from agentproxy.server.tasks.event_stream import EventStream
from agentproxy.server.tasks.session_bodies import (
    Answered,
    GivenAnswer,
    NewTask,
    SessionId,
    Sessions,
    ShownSession,
    Stopped,
    StopSession,
)
from agentproxy.server.tasks.session_views import VisibleRun, listed, present, read_session, shown
from agentproxy.server.tasks.task_records import place_of
from agentproxy.server.tasks.task_stream import TaskStream

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "The events of the run"}
}
OF_A_NEW_RUN = (
    "screenshots", "mission", "max_iterations", "worker", "model", "judge", "checks", "keep",
    "known_red", "from_head", "include_untracked",
)  # fmt: skip


def session_routes(host: SupervisedHost) -> APIRouter:
    """Returns /task, /sessions, /session/{id} and /stop."""
    router = APIRouter(tags=[SUPERVISOR, "sessions"])

    @router.post("/task", response_class=EventStream, responses=STREAM)
    async def start(asked: NewTask) -> Response:
        if asked.session_id is not None:
            return await _go_on(host, RunId(asked.session_id), asked)
        with as_refusals():
            request = _request(host, asked)
            run = await host.start(request)
        return _stream(host, run, Position(0, 0))

    @router.get("/session/{session_id}/events", response_class=EventStream, responses=STREAM)
    async def events(
        session_id: SessionId,
        after: Annotated[int, Query(ge=0, lt=1 << 53)] = 0,
        last_event_id: Annotated[str, Header(max_length=100)] = "",
    ) -> Response:
        run = (await _found(host, session_id)).run
        place = Position(after, 0)
        # A browser that comes back sends the address as it was, and this header.
        if last_event_id:
            known = place_of(last_event_id, run=run)
            if known is None:
                raise Refused(400, "this is no event_id of the session", field="Last-Event-ID")
            place = known
        return _stream(host, run, place)

    @router.get("/sessions")
    async def list_all(
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        before: Annotated[str, Query(max_length=32)] = "",
    ) -> Sessions:
        return await _page(host, limit=limit, before=before)

    @router.get("/session/{session_id}")
    async def show(session_id: SessionId) -> ShownSession:
        return shown(await _found(host, session_id))

    @router.post("/stop")
    async def stop(asked: StopSession) -> Stopped:
        return await _stop(host, asked)

    @router.post("/session/{session_id}/answer")
    async def answer(session_id: SessionId, given: GivenAnswer) -> Answered:
        seen = await _found(host, session_id)
        command = command_for(given, seen.state)
        with as_refusals():
            await host.app.journal.submit(seen.run, command)
        host.wake(seen.run)
        return Answered(session_id=seen.run, request_id=command.request)

    # The decorators above have registered them.
    del start, events, list_all, show, stop, answer
    return router


NAMES_OF_MODELS = ("worker", "model", "judge")


def _request(host: SupervisedHost, asked: NewTask) -> TaskRequest:
    given = asked.model_dump(exclude={"session_id", "working_dir", "screenshots", "max_iterations"})
    directory = host.allowed.folder(asked.working_dir)
    for name in NAMES_OF_MODELS:
        with as_refusals(field=name):
            given[name] = host.allowed.model_name(given[name], below=directory)
    with as_refusals(field="screenshots"):
        pictures = [host.allowed.file(each.path, below=directory) for each in asked.screenshots]
    return read_request(
        {
            **given,
            "directory": directory,
            "max_rounds": asked.max_iterations,
            "screenshots": tuple(pictures),
            "captions": tuple(each.description for each in asked.screenshots),
        }
    )


async def _go_on(host: SupervisedHost, run: RunId, asked: NewTask) -> Response:
    """Gives a run that is not over more to do, and takes it up."""
    seen = await _found(host, run)
    if seen.state.ended is not None:
        raise Refused(409, f"session {run} is over", field="session_id", cure="leave it out")
    for name in OF_A_NEW_RUN:
        if name in asked.model_fields_set:
            raise Refused(
                400, "a session that goes on keeps its own", field=name, cure="leave it out"
            )
    if asked.working_dir:
        with as_refusals():
            if host.allowed.folder(asked.working_dir) != seen.directory:
                raise Refused(400, f"the session works in {seen.directory}", field="working_dir")
    with as_refusals():
        if not host.works_on(run):
            host.refuse_crowd()
        # Validated like a new one: the same words are allowed.
        request = read_request(
            {
                "task": asked.task,
                "directory": seen.directory,
                "budget": asked.budget,
                "max_time": asked.max_time,
            }
        )
        journal = host.app.journal
        if request.budget is not None or request.max_time is not None:
            raised = RaiseCeiling(max_time=request.max_time, budget=request.budget)
            await journal.submit(run, raised)
        if request.task != seen.order.task:
            await journal.submit(run, SendMessage(text=request.task))
    host.wake(run)
    return _stream(host, run, Position(seen.sequence, 0))


def _stream(host: SupervisedHost, run: RunId, after: Position) -> EventStream:
    return EventStream(TaskStream(host, run, after).records())


async def _found(host: SupervisedHost, session: str) -> VisibleRun:
    """Raises Refused where a client may not see it, as where there is none."""
    with as_refusals():
        seen = await read_session(host, RunId(session))
    if seen is None:
        raise Refused(404, "Session not found", field="session_id")
    return seen


async def _page(host: SupervisedHost, *, limit: int, before: str) -> Sessions:
    found: list[RunRow] = []
    start = RunId(before) or None
    with as_refusals():
        try:
            while rows := await list_runs(host.app, limit=limit, before=start):
                start = rows[-1].run
                found += [row for row in rows if host.allowed.covers(Path(row.repository))]
                if len(found) > limit:
                    break
        except UnknownRun:
            raise Refused(404, "Session not found", field="before") from None
    page = found[:limit]
    more = page[-1].run if len(found) > limit else None
    return Sessions(sessions=[listed(present(host, row)) for row in page], next=more)


async def _stop(host: SupervisedHost, asked: StopSession) -> Stopped:
    run = RunId(asked.session_id)
    with as_refusals():
        seen = await read_session(host, run)
    if seen is None or seen.state.ended is not None:
        raise Refused(404, "Active session not found", field="session_id")
    if not is_text(asked.reason):
        raise Refused(422, "it is not UTF-8", field="reason", cure="write it in UTF-8")
    command = StopRun(reason=asked.reason)
    with as_refusals():
        if not host.works_on(run) and not await is_live(host.app, run):
            try:
                await end_unowned(host.app, run, command)
            except StillOwned:
                pass  # it was taken up in this moment
            else:
                return Stopped(status="stopped", session_id=run)
        await host.app.journal.submit(run, command)
    return Stopped(status="stopping", session_id=run)
