"""Presents events: text for people, public JSON for programs."""
