"""The base, the clones, the claims and what is delivered."""
