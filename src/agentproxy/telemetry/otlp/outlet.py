"""All signals of a process, sent to one collector or several."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable

from opentelemetry.sdk.resources import Resource

from agentproxy import __version__
from agentproxy.events.envelope import Event
from agentproxy.telemetry.measures import Measure
from agentproxy.telemetry.options import Options
from agentproxy.telemetry.otlp.exporters import log_exporter, metric_exporter, span_exporter
from agentproxy.telemetry.otlp.logs import Logs
from agentproxy.telemetry.otlp.metrics import Metrics
from agentproxy.telemetry.otlp.mishaps import say_mishaps
from agentproxy.telemetry.otlp.traces import Traces
from agentproxy.telemetry.port import NOT_SENT
from agentproxy.telemetry.spans import Span, SpanPlace


class OtlpOutlet:
    """An `Outlet`. A signal that was not chosen is left out.

    `flush` is how many seconds the end may take, for all signals together.
    """

    def __init__(self, options: Options, *, flush: float, say: Callable[[str], None]) -> None:
        say_mishaps(say)
        self._flush = flush
        self._say = say
        self._traces: Traces | None = None
        self._metrics: Metrics | None = None
        self._logs: Logs | None = None
        resource, protocols = _resource(options), options.protocols
        if "traces" in protocols:
            exporter = span_exporter(protocols["traces"])
            self._traces = Traces(exporter, resource, share=options.share)
        if "metrics" in protocols:
            exporter = metric_exporter(protocols["metrics"])
            self._metrics = Metrics(exporter, resource, interval=options.interval)
        if "logs" in protocols:
            exporter = log_exporter(protocols["logs"])
            self._logs = Logs(exporter, resource, content=options.content)

    def spans(self, spans: Iterable[Span]) -> None:
        if self._traces is not None:
            for span in spans:
                self._traces.send(span)

    def measure(self, measure: Measure) -> None:
        if self._metrics is not None:
            self._metrics.send(measure)

    def record(self, event: Event, place: SpanPlace | None) -> None:
        if self._logs is not None:
            self._logs.send(event, place)

    def active(self, runs: int) -> None:
        if self._metrics is not None:
            self._metrics.active = runs

    def close(self) -> None:
        """Sends what is left. An exporter without its collector would try for ten seconds."""
        signals = [each for each in (self._traces, self._metrics, self._logs) if each is not None]
        threads = [threading.Thread(target=each.close, daemon=True) for each in signals]
        for thread in threads:
            thread.start()
        end = time.monotonic() + self._flush
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in threads):
            self._say(NOT_SENT)


def _resource(options: Options) -> Resource:
    # Counters of two processes must not be taken for one that fell.
    attributes = {
        "service.name": options.name,
        "service.namespace": options.namespace,
        "service.version": __version__,
        "service.instance.id": str(uuid.uuid4()),
    }
    if options.owner:
        attributes["agentproxy.owner.id"] = options.owner
    return Resource.create(attributes)
