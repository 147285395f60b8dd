"""Whether the service works."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from agentproxy import __version__
from agentproxy.app.chat.host import ChatHost
from agentproxy.app.journal import JournalError
from agentproxy.app.models import variables
from agentproxy.models.names import find_model
from agentproxy.models.port import ModelRefused


class Health(BaseModel):
    status: Literal["ok", "degraded"]
    healthy: bool
    model: str | None
    active_sessions: int
    version: str
    problems: list[str]


def health_routes(host: ChatHost) -> APIRouter:
    """Returns /health, which needs no key and tells no secret."""
    router = APIRouter(tags=["service"])

    @router.get("/health", responses={503: {"model": Health}})
    async def health(response: Response) -> Health:
        problems: list[str] = []
        try:
            await host.app.journal.heads(limit=1)
        except JournalError as error:
            problems.append(str(error))
        if problems:
            response.status_code = 503
        return Health(
            status="degraded" if problems else "ok",
            healthy=not problems,
            model=_model(host),
            active_sessions=host.active,
            version=__version__,
            problems=problems,
        )

    del health
    return router


def _model(host: ChatHost) -> str | None:
    name = host.services.settings.model
    if name.startswith("scripted:"):
        return name
    try:
        find_model(name, variables(host.services.project))
    except ModelRefused:
        return None
    return name
