"""Reads and writes HTTP/1.1 for our proxies, over h11: strict, bounded in bytes and time."""
