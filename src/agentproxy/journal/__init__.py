"""The append-only log of each run, and the inbox of its commands."""
