"""The types that all layers share: facts, commands, contracts, verdicts."""
