"""Durations in the form that people write: 90s, 30m, 2h."""


def format_duration(seconds: float) -> str:
    """Returns whole hours or minutes, else seconds."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:.10g}s"
