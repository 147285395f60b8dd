"""Runs commands in isolation: the port, its adapters and their parts."""
