"""Points in time as clients see them. Pure."""

from datetime import UTC, datetime


def iso(time: float) -> str:
    """Returns a Unix time as ISO 8601 with its zone."""
    return datetime.fromtimestamp(time, UTC).isoformat()
