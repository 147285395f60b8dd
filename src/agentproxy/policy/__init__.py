"""Decides what a worker may do. Pure: a request and a policy in, a ruling out."""
