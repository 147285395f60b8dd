"""Runs commands in isolation."""
