"""The notes that a project keeps over its conversations: shown, decided on, forgotten."""

import asyncio
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.project_files.memory_file import NoProposal
from agentproxy.server.routes.faces import CONVERSATIONS


class ShownMemory(BaseModel):
    enabled: bool
    content: str
    proposed: str  # waits for a person; "" where nothing waits


class ReviewedMemory(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Literal["accept", "reject"]


def memory_routes(host: ChatHost) -> APIRouter:
    """Returns the routes of /api/memory."""
    router = APIRouter(prefix="/api/memory", tags=[CONVERSATIONS, "memory"])
    memory, settings = host.services.memory, host.services.settings

    def shown() -> ShownMemory:
        redact = host.app.redact
        content, proposed = redact(memory.read()), redact(memory.proposed())
        return ShownMemory(enabled=settings.enable_memory, content=content, proposed=proposed)

    @router.get("")
    async def show() -> ShownMemory:
        return await asyncio.to_thread(shown)

    @router.post("")
    async def review(asked: ReviewedMemory) -> ShownMemory:
        try:
            await asyncio.to_thread(memory.decide, accepted=asked.decision == "accept")
        except NoProposal as error:
            raise HTTPException(409, str(error)) from None
        except OSError as error:
            raise HTTPException(507, f"the notes cannot be written: {error}") from None
        return await asyncio.to_thread(shown)

    @router.delete("")
    async def forget() -> ShownMemory:
        try:
            await asyncio.to_thread(memory.forget)
        except OSError as error:
            raise HTTPException(507, f"the notes cannot be removed: {error}") from None
        return await asyncio.to_thread(shown)

    # The decorators above have registered them.
    del show, review, forget
    return router
