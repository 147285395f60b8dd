"""Tells OpenTelemetry what runs record (decision 29). Loaded by name, only where it is on."""
