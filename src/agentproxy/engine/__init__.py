"""Drives any run: decides from the past, starts what is due, records the result."""
