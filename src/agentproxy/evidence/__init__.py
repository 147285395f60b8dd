"""Is it true: checks, results by test, verdicts and the bundle that carries them."""
