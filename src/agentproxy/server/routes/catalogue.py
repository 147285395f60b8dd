"""What a conversation can be made of: its tools and its presets."""

from fastapi import APIRouter
from pydantic import BaseModel

from agentproxy.app.chat.toolbox import chat_tools
from agentproxy.conversation.prompts import BUNDLED, bundled_preset


class Listed(BaseModel):
    name: str
    description: str


def catalogue_routes() -> APIRouter:
    """Returns the routes that list what conversations can use."""
    router = APIRouter(prefix="/api", tags=["catalogue"])

    @router.get("/tools")
    async def list_tools() -> list[Listed]:
        specs = chat_tools().specs
        return [Listed(name=each.name, description=each.description) for each in specs]

    @router.get("/presets")
    async def list_presets() -> list[Listed]:
        found = [bundled_preset(name) for name in BUNDLED]
        return [Listed(name=each.name, description=each.description) for each in found]

    # The decorators above have registered them.
    del list_tools, list_presets
    return router
