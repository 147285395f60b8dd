"""Definitions that all layers share: invisible characters, secrets, git's own folder, and how an
error stands beside its cure. Pure.
"""
