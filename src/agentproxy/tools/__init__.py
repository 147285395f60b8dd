"""Tools: what our own agent may do. One protocol, a file for each tool."""
