"""Builds the objects of a process, starts and resumes runs, answers queries."""
