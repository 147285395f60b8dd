"""The list of steps that the agent keeps for itself."""
