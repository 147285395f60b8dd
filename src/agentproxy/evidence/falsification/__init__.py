"""Whether a claim's tests need its change: they run without it, and on stubs of it."""
