"""Errors of the layers below as answers: the field that is wrong, and the cure."""

import json
import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.routing import BaseRoute, Match, Route

from agentproxy.app.allowed_folders import NotAllowed
from agentproxy.app.holders import StillOwned
from agentproxy.app.journal import Fenced, JournalError, LeaseTaken
from agentproxy.app.screenshots import ScreenshotUnusable
from agentproxy.app.shell_check import NotShell
from agentproxy.app.supervised_host import Stopping, TooManyRuns
from agentproxy.app.task_request import BadRequest, ConfigError, explained
from agentproxy.app.utf8_check import NotText
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_SHOWN_INPUT = 200  # characters
A_BODY = "send an object as JSON, with the header Content-Type: application/json"
FIELDS = {"directory": "working_dir", "max_rounds": "max_iterations"}
# A subclass comes before its base: the first match counts.
ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (NotAllowed, 400, "working_dir"),
    (RepositoryUnusable, 400, "working_dir"),
    (NotText, 400, "working_dir"),
    (GitError, 400, "working_dir"),
    (ScreenshotUnusable, 400, "screenshots"),
    (NotShell, 400, "checks"),
    (WorkerError, 400, "worker"),
    (ConfigError, 400, ""),
    (TooManyRuns, 429, ""),
    (StillOwned, 409, "session_id"),
    (LeaseTaken, 409, "session_id"),
    (Fenced, 409, "session_id"),
    (SandboxError, 503, ""),
    (JournalError, 503, ""),
    (OSError, 503, ""),
    (Stopping, 503, ""),
)


class Refused(Exception):
    """A request that cannot be followed."""

    def __init__(self, status: int, problem: str, *, field: str = "", cure: str = "") -> None:
        super().__init__(problem)
        self.status = status
        self.field = field
        self.cure = cure


@contextmanager
def as_refusals(*, field: str = "") -> Generator[None]:
    """Turns expected errors into Refused; `field` names the wrong one where the error does not."""
    try:
        yield
    except BadRequest as error:
        name, dot, rest = error.field.partition(".")
        shown = FIELDS.get(name, name) + dot + rest
        raise Refused(422, error.problem, field=shown, cure=error.cure) from error
    except tuple(kind for kind, _, _ in ANSWERS) as error:
        kind, status, usual = next(each for each in ANSWERS if isinstance(error, each[0]))
        text = "the server is stopping" if kind is Stopping else str(error)
        cure = str(getattr(error, "cure", ""))
        raise Refused(status, text, field=field or usual, cure=cure) from error


async def answer_refused(_request: Request, error: Exception) -> Response:
    """Answers {detail, field, cure}."""
    assert isinstance(error, Refused)
    # As ASCII: what a client sent may hold half of a surrogate pair.
    text = json.dumps({"detail": str(error), "field": error.field, "cure": error.cure})
    return Response(text, status_code=error.status, media_type="application/json")


async def answer_journal(_request: Request, error: Exception) -> Response:
    """Answers 503: the journal cannot be read or written."""
    text = json.dumps({"detail": str(error), "field": "", "cure": "look at GET /health"})
    return Response(text, status_code=503, media_type="application/json")


async def answer_other_method(
    routes: Sequence[BaseRoute], request: Request, _error: Exception
) -> Response:
    """Answers 405 with all methods of the path. The library names those of one route."""
    methods = {
        method
        for route in routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    headers = {"Allow": ", ".join(sorted(methods))}
    text = json.dumps({"detail": "Method Not Allowed"})
    return Response(text, status_code=405, media_type="application/json", headers=headers)


async def refuse_invalid(_request: Request, error: Exception) -> Response:
    """Answers 422 in the library's form, with field and cure."""
    # The library's own answer fails where a number is infinite.
    assert isinstance(error, RequestValidationError)
    if unknown := _unknown(error.errors()):
        return Response(json.dumps(unknown), status_code=404, media_type="application/json")
    details = [
        {
            "type": each["type"],
            "loc": each["loc"],
            "msg": each["msg"],
            "input": _shown(each.get("input")),
        }
        for each in error.errors()
    ]
    field, cure = _field_and_cure(error.errors()[0])
    text = json.dumps({"detail": details, "field": field, "cure": cure})
    return Response(text, status_code=422, media_type="application/json")


def _unknown(errors: Sequence[Any]) -> dict[str, str] | None:
    """Nothing has an id that no id can be. The routes answer the same for one that is not there."""
    names = {each["loc"][1] for each in errors if each["loc"][0] == "path"}
    if "conversation_id" in names:
        return {"detail": "Conversation not found"}
    if "session_id" in names:
        return {"detail": "Session not found", "field": "session_id", "cure": ""}
    return None


def _field_and_cure(first: dict[str, Any]) -> tuple[str, str]:
    place = first["loc"][1:]  # without the part of the request
    if not place or first["type"] == "json_invalid":
        return "", A_BODY
    if cure := first.get("ctx", {}).get("cure"):
        return str(place[0]), str(cure)
    if first["type"] == "string_pattern_mismatch":
        return str(place[0]), f"write what matches {first['ctx']['pattern']}"
    field, _, cure = explained(cast("ErrorDetails", {**first, "loc": place}))
    return field, cure


def _shown(given: object) -> object:
    if isinstance(given, float) and not math.isfinite(given):
        return str(given)
    if given is None or isinstance(given, bool | int | float):
        return given
    text = given if isinstance(given, str) else repr(given)
    return text if len(text) <= MAX_SHOWN_INPUT else text[:MAX_SHOWN_INPUT] + "..."
