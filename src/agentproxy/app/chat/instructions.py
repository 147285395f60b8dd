"""The system prompt of a conversation, put together from what its process knows."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from agentproxy.app.chat.services import ChatServices
from agentproxy.conversation.prompts import Listings, system_prompt
from agentproxy.conversation.state import Chat
from agentproxy.events.run import AgentOrder, ChatOrder


def instructions_of(services: ChatServices, state: Chat, read: Listings) -> Callable[[], str]:
    """Returns what gives the prompt for the next question."""
    # What was read stays: a changed prompt would cost the vendor's cache of everything after it.
    order, mcp = state.require_order(), services.mcp

    def prompt() -> str:
        listed = replace(read, mcp=mcp.listing())
        return system_prompt(order, plan_mode=state.plan_mode, listed=listed)

    return prompt


def read_listings(services: ChatServices, order: AgentOrder, *, with_skills: bool) -> Listings:
    """Reads what the prompt names. Blocking."""
    skills = _one(services.skills.listing()) if with_skills else ""
    if not isinstance(order, ChatOrder):
        return Listings(skills=skills)
    memory = _one(services.memory.read()) if services.settings.enable_memory else ""
    return Listings(services.presets.text_of(order.preset), memory, skills)


@lru_cache(maxsize=16)
def _one(text: str) -> str:
    # Every conversation of a process reads the same.
    return text
