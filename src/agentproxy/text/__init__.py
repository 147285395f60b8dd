"""Definitions that all layers share: invisible characters, secrets, git's own folder. Pure."""
