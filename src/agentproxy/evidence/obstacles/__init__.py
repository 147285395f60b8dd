"""Tells a fault of the environment from a test that fails."""
