"""Is this job going well: the contract, the rounds, the question desk, the delivery."""
