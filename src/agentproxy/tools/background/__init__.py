"""Commands that run on while the agent does something else."""
