"""Functions of a source file, and variants that do what they did at the base, or nothing."""
