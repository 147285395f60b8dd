"""What a conversation can be made of: its tools, skills and presets."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.toolbox import all_tools
from agentproxy.files.safe_files import BadPath
from agentproxy.server.routes.faces import CONVERSATIONS
from agentproxy.tools.mcp.port import McpStatus
from agentproxy.tools.skills.library import NAME, SkillTaken

# One line, as a line of the front matter: no controls, no line ends of any kind.
LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\S[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"


class Listed(BaseModel):
    name: str
    description: str


class ShownServer(BaseModel):
    name: str
    status: McpStatus
    reason: str


class ToolSources(BaseModel):
    """Where tools of others come from, and why some of them cannot be used."""

    mcp: list[ShownServer]
    unusable_tools: list[str]


class NewSkill(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    description: Annotated[str, Field(max_length=500, pattern=LINE)]
    body: Annotated[str, Field(min_length=1, max_length=100_000)]


def catalogue_routes(host: ChatHost) -> APIRouter:
    """Returns the routes of what conversations can use."""
    router = APIRouter(prefix="/api", tags=[CONVERSATIONS, "catalogue"])
    skills = host.services.skills

    @router.get("/tools")
    async def list_tools() -> list[Listed]:
        specs = all_tools(skills, host.services.ports).specs
        return [Listed(name=each.name, description=each.description) for each in specs]

    @router.get("/tool-sources")
    async def list_sources() -> ToolSources:
        redact, services = host.app.redact, host.services
        return ToolSources(
            mcp=[
                ShownServer(name=each.name, status=each.status, reason=redact(each.reason))
                for each in services.mcp.states()
            ],
            unusable_tools=[redact(each) for each in services.packaged.problems],
        )

    @router.get("/skills")
    async def list_skills() -> list[Listed]:
        found = (await asyncio.to_thread(skills.all)).values()
        return [Listed(name=each.name, description=each.description) for each in found]

    @router.post("/skills")
    async def upload_skill(asked: NewSkill) -> Listed:
        try:
            await asyncio.to_thread(skills.store, asked.name, asked.description, body=asked.body)
        except SkillTaken as error:
            raise HTTPException(409, str(error)) from None
        except BadPath as error:
            raise HTTPException(409, f"the skill cannot be stored: {error}") from None
        except OSError as error:
            raise HTTPException(507, f"the skill cannot be stored: {error.strerror}") from None
        return Listed(name=asked.name, description=asked.description)

    @router.get("/presets")
    async def list_presets() -> list[Listed]:
        found = (await asyncio.to_thread(host.services.presets.all)).values()
        return [Listed(name=each.name, description=each.description) for each in found]

    # The decorators above have registered them.
    del list_tools, list_sources, list_skills, upload_skill, list_presets
    return router
