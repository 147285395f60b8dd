"""Runs git hardened against hostile repositories."""
