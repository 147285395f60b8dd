"""How a run is shown: drawn, as plain lines, or as JSON lines."""
