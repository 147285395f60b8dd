"""The words that every layer shares: facts, commands, contracts, verdicts."""
