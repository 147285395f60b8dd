"""An event as programs are given it: on standard output, over sockets, in exports."""

from datetime import UTC, datetime

from agentproxy.events.envelope import Event


def public_event(event: Event) -> dict[str, object]:
    """An event as a JSON object; `time` in ISO 8601, UTC."""
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
