"""Finds the user's own tools, and lays them out for a job."""
