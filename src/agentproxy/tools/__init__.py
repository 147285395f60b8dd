"""The tools of our own agent: one protocol, and a file for each tool."""
