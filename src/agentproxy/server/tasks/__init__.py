"""Supervised runs as clients see them: their records, their state, their requests."""
