"""Tools of MCP servers: configured by the operator, approved by what they say of their tools."""
