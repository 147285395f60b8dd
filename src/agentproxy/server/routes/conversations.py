"""Conversations over HTTP."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.orders import EffortWord, order_of
from agentproxy.app.chat.rows import ChatRows
from agentproxy.app.chat.views import ChatRow, read_chat
from agentproxy.app.holders import StillOwned
from agentproxy.app.journal import LeaseTaken, UnknownRun
from agentproxy.app.project_files.presets import UnknownPreset
from agentproxy.events.envelope import RunId
from agentproxy.events.run import ChatOrder
from agentproxy.server.chat.records import ShownChat, shown_chat
from agentproxy.server.routes.faces import CONVERSATIONS
from agentproxy.server.times import iso

MOST = 1000  # conversations of one list
CONVERSATION = r"[0-9a-z]{6,32}"
ConversationId = Annotated[str, Field(pattern=f"^{CONVERSATION}$")]
NOT_FOUND = HTTPException(404, "Conversation not found")


class NewChat(BaseModel):
    """What a client may choose. Nothing is required."""

    model_config = ConfigDict(extra="forbid", strict=True)

    system_prompt: Annotated[str, Field(max_length=100_000)] | None = None
    preset: Annotated[str, Field(max_length=64)] | None = None
    enable_teams: bool = False
    enable_tracing: bool = False
    enable_approval: bool = False
    enable_plan_mode: bool = False
    # None: as THINKING_ENABLED and THINKING_EFFORT say.
    enable_thinking: bool | None = None
    thinking_effort: EffortWord | None = None


class Created(BaseModel):
    conversation_id: str


class ListedChat(BaseModel):
    id: str
    title: str
    created_at: str
    message_count: int


class Deleted(BaseModel):
    status: Literal["deleted"] = "deleted"


def _listed(row: ChatRow) -> ListedChat:
    return ListedChat(
        id=row.run, title=row.title, created_at=iso(row.created), message_count=row.messages
    )


async def _order(asked: NewChat | None, host: ChatHost) -> tuple[ChatOrder, RunId]:
    given = asked.model_dump() if asked else {}
    try:
        return await asyncio.to_thread(order_of, given, services=host.services)
    except UnknownPreset as error:
        known = {"type": "unknown_preset", "ctx": {"cure": error.cure}, "input": given["preset"]}
        mistake = {**known, "loc": ("body", "preset"), "msg": str(error)}
        raise RequestValidationError([mistake]) from None


def conversation_routes(host: ChatHost) -> APIRouter:
    """Returns the routes of /api/chat and /api/conversations."""
    router = APIRouter(prefix="/api", tags=[CONVERSATIONS])

    rows_of = ChatRows(host.app)

    @router.post("/chat")
    async def create(asked: NewChat | None = None) -> Created:
        order, run = await _order(asked, host)
        return Created(conversation_id=await host.create(order, run))

    @router.get("/conversations")
    async def list_all(
        response: Response,
        limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
        before: Annotated[str, Query(max_length=32)] = "",
    ) -> list[ListedChat]:
        try:
            rows = await rows_of.newest(limit=limit + 1, before=RunId(before) or None)
        except UnknownRun:
            raise NOT_FOUND from None
        if len(rows) > limit:
            response.headers["X-Incomplete"] = "true"
        return [_listed(row) for row in rows[:limit]]

    @router.get("/conversations/{conversation_id}")
    async def show(conversation_id: ConversationId) -> ShownChat:
        try:
            return shown_chat(await read_chat(host.app, RunId(conversation_id)))
        except UnknownRun:
            raise NOT_FOUND from None

    @router.delete("/conversations/{conversation_id}")
    async def delete(conversation_id: ConversationId) -> Deleted:
        try:
            await read_chat(host.app, RunId(conversation_id))
            await host.delete(RunId(conversation_id))
        except UnknownRun:
            raise NOT_FOUND from None
        except (StillOwned, LeaseTaken) as error:
            raise HTTPException(409, f"{error}: delete it there") from None
        return Deleted()

    # The decorators above have registered them.
    del create, list_all, show, delete
    return router
