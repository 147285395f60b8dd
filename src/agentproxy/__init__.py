"""Agent Proxy supervises coding agents, and believes only what it has proven itself."""

__version__ = "0.1.0"
