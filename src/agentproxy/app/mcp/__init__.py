"""The MCP servers of a process: which are configured, started and approved."""
