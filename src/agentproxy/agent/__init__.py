"""Our own agent: a loop around a model and its tools."""
