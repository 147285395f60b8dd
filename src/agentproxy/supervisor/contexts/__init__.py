"""Documents that people wrote for agents: the project, its guidance, the present session."""
