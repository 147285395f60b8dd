"""Coding agents that are known to work as a command, as data: `agents.toml`."""
