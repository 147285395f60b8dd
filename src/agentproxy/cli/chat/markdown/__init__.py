"""The Markdown of an answer at a terminal."""
