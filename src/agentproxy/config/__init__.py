"""Reads settings from the environment, .env and agentproxy.toml. Called at the edges only."""
