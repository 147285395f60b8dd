"""The tools of a conversation."""

from agentproxy.tools.registry import Registry, talking_tools


def chat_tools() -> Registry:
    """Returns the tools that every conversation has."""
    return talking_tools()
