"""Whether the service works."""

from collections import Counter
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from agentproxy import __version__
from agentproxy.app.chat.host import ChatHost
from agentproxy.app.journal import JournalError
from agentproxy.app.models import address_of
from agentproxy.app.queries import list_runs
from agentproxy.app.supervised_host import SupervisedHost
from agentproxy.models.port import ModelRefused
from agentproxy.server.routes.faces import SERVICE
from agentproxy.server.service_health import health_of
from agentproxy.tools.mcp.port import McpStatus


class TaskCounts(BaseModel):
    """Supervised runs: at work in this process, and among the newest 50 those that wait."""

    running: int
    waiting: int


class ShownConfig(BaseModel):
    sandbox: str
    key_required: bool
    sign_in: bool
    default_worker: str


class Health(BaseModel):
    status: Literal["ok", "degraded"]
    healthy: bool
    model: str | None
    active_sessions: int
    agents: list[str]
    tasks: TaskCounts
    config: ShownConfig
    mcp: dict[McpStatus, int]
    unusable_tools: int
    version: str
    problems: list[str]


def health_routes(chats: ChatHost, supervised: SupervisedHost) -> APIRouter:
    """Returns /health. It needs no key, so it counts what a user has set up and names none."""
    router = APIRouter(tags=[SERVICE])
    service = health_of(chats.app)
    settings = chats.app.settings

    @router.get("/health", responses={503: {"model": Health}})
    async def health(response: Response) -> Health:
        problems = await service.problems()
        if problems:
            response.status_code = 503
        return Health(
            status="degraded" if problems else "ok",
            healthy=not problems,
            model=_model(chats),
            active_sessions=chats.active + supervised.active,
            agents=[],
            tasks=TaskCounts(running=supervised.active, waiting=await _waiting(supervised)),
            config=ShownConfig(
                sandbox=settings.sandbox,
                key_required=bool(settings.chat.api_key),
                sign_in=settings.chat.google_client_id is not None,
                default_worker=(settings.worker or "").partition(":")[0],
            ),
            mcp=Counter(each.status for each in chats.services.mcp.states()),
            unusable_tools=len(chats.services.packaged.problems),
            version=__version__,
            problems=problems,
        )

    del health
    return router


async def _waiting(supervised: SupervisedHost) -> int:
    try:
        return sum(row.status == "waiting" for row in await list_runs(supervised.app))
    except JournalError:
        return 0


def _model(host: ChatHost) -> str | None:
    name = host.services.settings.model
    if name.startswith("scripted:"):
        return name
    try:
        address_of(name, host.services.project)
    except ModelRefused:
        return None
    return name
