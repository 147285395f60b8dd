"""Spans, with ids of our own."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from agentproxy import __version__
from agentproxy.telemetry.sampling import is_sampled
from agentproxy.telemetry.spans import Span, SpanPlace

SCOPE = InstrumentationScope("agentproxy", __version__)
BILLION = 1_000_000_000  # nanoseconds of a second


class Traces:
    def __init__(self, exporter: SpanExporter, resource: Resource, *, share: float) -> None:
        self._resource = resource
        self._share = share
        # The SDK's tracer makes up ids and measures time itself, so only its queue is used.
        self._queue = BatchSpanProcessor(exporter)

    def send(self, span: Span) -> None:
        if is_sampled(span.place.trace, self._share):
            self._queue.on_end(self._readable(span))

    def close(self) -> None:
        self._queue.shutdown()

    def _readable(self, span: Span) -> ReadableSpan:
        attributes = dict(span.attributes)
        if span.error:
            attributes["error.type"] = span.error
        if span.cut_off:
            attributes["agentproxy.cut_off"] = True
        return ReadableSpan(
            name=span.name,
            context=context_of(span.place),
            parent=context_of(span.parent) if span.parent else None,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.CLIENT if span.is_client else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR if span.error else StatusCode.UNSET),
            start_time=nanoseconds(span.start),
            end_time=nanoseconds(span.start if span.end is None else span.end),
            instrumentation_scope=SCOPE,
        )


def context_of(place: SpanPlace) -> SpanContext:
    return SpanContext(
        place.trace, place.span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )


def nanoseconds(seconds: float) -> int:
    return int(seconds * BILLION)
