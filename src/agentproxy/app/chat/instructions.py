"""The system prompt of a conversation, put together from what its process knows."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agentproxy.app.chat.services import ChatServices
from agentproxy.conversation.prompts import Listings, system_prompt
from agentproxy.conversation.state import Chat
from agentproxy.events.run import AgentOrder, ChatOrder


async def instructions_of(
    services: ChatServices, state: Chat, *, with_skills: bool
) -> Callable[[], str]:
    """Returns what gives the prompt for the next question."""
    # Read once: a changed prompt would cost the vendor's cache of everything after it.
    order, mcp = state.require_order(), services.mcp
    read = await asyncio.to_thread(_read, services, order, with_skills=with_skills)

    def prompt() -> str:
        listed = replace(read, mcp=mcp.listing())
        return system_prompt(order, plan_mode=state.plan_mode, listed=listed)

    return prompt


def _read(services: ChatServices, order: AgentOrder, *, with_skills: bool) -> Listings:
    skills = services.skills.listing() if with_skills else ""
    if not isinstance(order, ChatOrder):
        return Listings(skills=skills)
    memory = services.memory.read() if services.settings.enable_memory else ""
    return Listings(services.presets.text_of(order.preset), memory, skills)
