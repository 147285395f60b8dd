"""Claude Code as a worker, through the vendor's SDK."""
