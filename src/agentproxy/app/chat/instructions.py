"""The system prompt of a conversation, put together from what its process knows."""

import asyncio
from collections.abc import Callable

from agentproxy.app.chat.services import ChatServices
from agentproxy.conversation.prompts import Listings, system_prompt
from agentproxy.conversation.state import Chat
from agentproxy.events.run import ChatOrder


async def instructions_of(
    services: ChatServices, state: Chat, *, with_skills: bool
) -> Callable[[], str]:
    """Returns what gives the prompt for the next question."""
    # Read once: a changed prompt would cost the vendor's cache of everything after it.
    order, mcp = state.require_order(), services.mcp
    skills = await asyncio.to_thread(services.skills.listing) if with_skills else ""
    preset = memory = ""
    if isinstance(order, ChatOrder):
        preset = await asyncio.to_thread(services.presets.text_of, order.preset)
        if services.settings.enable_memory:
            memory = await asyncio.to_thread(services.memory.read)

    def prompt() -> str:
        listed = Listings(preset=preset, memory=memory, skills=skills, mcp=mcp.listing())
        return system_prompt(order, plan_mode=state.plan_mode, listed=listed)

    return prompt
