"""Builds an environment from the files of a project."""
