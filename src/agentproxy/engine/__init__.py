"""How any run is driven: decide from the past, do what is due, record what came of it."""
