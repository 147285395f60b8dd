"""What is unseen, what is secret, what is git's own folder: pure definitions for everybody."""
