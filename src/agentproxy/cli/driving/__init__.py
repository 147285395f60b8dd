"""Takes a run, and works on it at this terminal."""
