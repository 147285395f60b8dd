"""The board of tasks: a file for each task, in `.tasks` of a workspace."""
