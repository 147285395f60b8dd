"""Talks with our own agent: turns of a user, a queue of messages, approvals, features."""
