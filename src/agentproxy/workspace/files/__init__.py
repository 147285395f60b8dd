"""Reads and writes files without following a stranger's links."""
