"""Reads what a check reports: results by test, totals, and last words."""
