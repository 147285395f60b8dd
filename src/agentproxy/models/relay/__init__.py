"""A way to one model for a program that does not hold its key."""
