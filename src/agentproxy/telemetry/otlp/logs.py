"""Events as records of a log, in their place of a trace."""

import time

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from agentproxy import __version__
from agentproxy.events.envelope import Event
from agentproxy.telemetry.otlp.traces import context_of, nanoseconds
from agentproxy.telemetry.records import record_of
from agentproxy.telemetry.spans import SpanPlace

NUMBERS = {
    "INFO": SeverityNumber.INFO,
    "WARN": SeverityNumber.WARN,
    "ERROR": SeverityNumber.ERROR,
}


class Logs:
    def __init__(self, exporter: LogRecordExporter, resource: Resource, *, content: bool) -> None:
        self._content = content
        self._provider = LoggerProvider(resource, shutdown_on_exit=False)
        self._provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        self._logger = self._provider.get_logger("agentproxy", __version__)

    def send(self, event: Event, place: SpanPlace | None) -> None:
        record = record_of(event, content=self._content)
        if record is None:
            return
        around = set_span_in_context(NonRecordingSpan(context_of(place))) if place else None
        self._logger.emit(
            timestamp=nanoseconds(event.time),
            observed_timestamp=time.time_ns(),
            context=around,
            severity_number=NUMBERS[record.severity],
            severity_text=record.severity,
            body=record.body,
            attributes=record.attributes,
            event_name=record.name,
        )

    def close(self) -> None:
        self._provider.shutdown()
