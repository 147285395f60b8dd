"""Defines the JSON of an event for programs."""

from datetime import UTC, datetime

from agentproxy.events.envelope import Event


def public_event(event: Event) -> dict[str, object]:
    """`time` is in ISO 8601, UTC."""
    data = event.fact.model_dump(mode="json")
    return {
        "run": event.run,
        "seq": event.seq,
        "time": datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds"),
        "actor": event.actor,
        "kind": data.pop("kind"),
        "version": event.fact.version,
        "data": data,
        "cause": event.cause,
    }
