"""Reads files from strangers: below a folder, bounded, and without waiting."""
