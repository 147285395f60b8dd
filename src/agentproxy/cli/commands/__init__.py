"""The commands of `pa`, one file for each."""
