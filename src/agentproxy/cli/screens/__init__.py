"""Shows a run: drawn, as plain lines, or as JSON lines."""
