"""Sends by OTLP, with the SDK of OpenTelemetry. Only this room imports it."""
