"""Models: what answers a prompt. One protocol, a file for each that implements it."""
