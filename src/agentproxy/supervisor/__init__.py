"""Is this job going well: the contract, the rounds, the requests, the delivery."""
