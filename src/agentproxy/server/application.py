"""Builds the one application of all faces."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from agentproxy import __version__
from agentproxy.app.chat.host import ChatHost
from agentproxy.app.journal import JournalError
from agentproxy.app.supervised_host import SupervisedHost
from agentproxy.server.docs_page import docs_page
from agentproxy.server.entrance.doors import Doors
from agentproxy.server.entrance.guard import Guard
from agentproxy.server.promised import EVERYWHERE, promised
from agentproxy.server.refusals import (
    Refused,
    answer_journal,
    answer_other_method,
    answer_refused,
    refuse_invalid,
)
from agentproxy.server.routes.auth import auth_routes
from agentproxy.server.routes.catalogue import catalogue_routes
from agentproxy.server.routes.conversations import conversation_routes
from agentproxy.server.routes.faces import FACES
from agentproxy.server.routes.health import health_routes
from agentproxy.server.routes.memory import memory_routes
from agentproxy.server.routes.sessions import session_routes
from agentproxy.server.routes.sockets import socket_routes
from agentproxy.server.routes.workspace import workspace_routes


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who works on the runs of each face."""

    chats: ChatHost
    supervised: SupervisedHost


KEYS = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
SIGN_IN = {
    "GoogleIdToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An ID token of Google, for the client id of /api/auth/config.",
    }
}


class Application(FastAPI):
    """Its guard stands before every route, and its document says where that asks for a key."""

    doors: Doors
    guard: Guard

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # pyright: ignore[reportIncompatibleMethodOverride] - it is awaited
        return self.guard(scope, receive, send)

    def answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Does what the library does with a request."""
        return super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        doors = self.doors
        sign_in = {} if doors.sign_in is None else SIGN_IN
        document["components"]["securitySchemes"] = KEYS | sign_in
        asked = (KEYS if doors.api_key else {}) | sign_in
        if asked:
            document["security"] = [{name: []} for name in asked]  # any of them
            for path in doors.open_paths:
                for operation in document["paths"][path].values():
                    operation["security"] = []
        return document


def build_application(hosts: Hosts, doors: Doors) -> FastAPI:
    """Returns the application. Its guard stands before every route."""
    application = Application(
        title="Agent Proxy",
        version=__version__,
        docs_url=None,  # the library's page loads scripts from elsewhere
        redoc_url=None,
        openapi_tags=[{"name": face, "description": words} for face, words in FACES.items()],
        responses=promised(*EVERYWHERE, *(() if doors.sign_in is None else (503,))),
    )
    application.doors = doors
    application.add_exception_handler(JournalError, answer_journal)
    application.add_exception_handler(RequestValidationError, refuse_invalid)
    application.add_exception_handler(Refused, answer_refused)
    routes: list[BaseRoute] = []
    for router, refusals in (
        (health_routes(hosts.chats, hosts.supervised), ()),
        (auth_routes(doors.sign_in), ()),
        (session_routes(hosts.supervised), (404, 409, 503)),
        (conversation_routes(hosts.chats), (404, 409, 503)),
        (catalogue_routes(hosts.chats), (409, 507)),
        (memory_routes(hosts.chats), (409, 507)),
        (workspace_routes(hosts.chats), (404, 409, 503, 507)),
    ):
        application.include_router(router, responses=promised(*refusals))
        routes += router.routes
    application.add_exception_handler(405, partial(answer_other_method, routes))

    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(application.openapi()))

    application.add_api_route("/docs", docs, include_in_schema=False)
    application.guard = Guard(application.answer, doors, sockets=socket_routes(hosts.chats))
    return application


def origins_of(configured: Sequence[str] | None, own: Sequence[str]) -> frozenset[str]:
    """Returns the origins that count: our own, and those of the settings or the usual ones."""
    usual = ("http://localhost:3000", "http://localhost:5173")
    pages = ("http://localhost:3500", "http://localhost:3501")
    return frozenset((*own, *(configured if configured is not None else (*usual, *pages))))
