"""The protocol of what sends spans, measures and records."""

from collections.abc import Iterable
from typing import Protocol

from agentproxy.events.envelope import Event
from agentproxy.telemetry.measures import Measure
from agentproxy.telemetry.spans import Span, SpanPlace

NOT_SENT = "telemetry: the collector did not take what was left; it is not sent"


class Outlet(Protocol):
    """Sends to a collector. Only `close` waits, up to a limit."""

    def spans(self, spans: Iterable[Span]) -> None: ...

    def measure(self, measure: Measure) -> None: ...

    def record(self, event: Event, place: SpanPlace | None) -> None:
        """Sends an event as a record of a log, in its place of a trace."""
        ...

    def active(self, runs: int) -> None:
        """How many runs this process works on."""
        ...

    def close(self) -> None: ...
