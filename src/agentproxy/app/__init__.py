"""Builds the world once, places and resumes runs, answers queries."""
