"""What people wrote down for agents: the project, its guidance, the present session."""
