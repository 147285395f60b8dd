"""A collector that keeps what it is sent, by OTLP over grpc and over http/protobuf."""

import gzip
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc
from support.servers import answering

Plain = dict[str, Any]
PATIENCE = 20.0
REQUESTS = {
    "/v1/traces": traces.ExportTraceServiceRequest,
    "/v1/metrics": metrics.ExportMetricsServiceRequest,
    "/v1/logs": logs.ExportLogsServiceRequest,
}


@dataclass(frozen=True)
class SentSpan:
    """A span as it came."""

    name: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    attributes: Plain
    failed: bool
    resource: Plain


@dataclass(frozen=True)
class SentPoint:
    """The newest point of a metric for its labels."""

    name: str
    kind: str
    unit: str
    labels: Plain
    value: float  # the sum of a histogram
    count: int
    resource: Plain


@dataclass(frozen=True)
class SentLog:
    name: str
    body: str
    severity: str
    trace: str
    span: str
    attributes: Plain


@dataclass
class Collector:
    """`url` is for the protocol that it was opened with."""

    url: str = ""
    protocol: str = ""
    spans: list[SentSpan] = field(default_factory=list[SentSpan])
    logs: list[SentLog] = field(default_factory=list[SentLog])
    points: dict[tuple[str, str], SentPoint] = field(
        default_factory=dict[tuple[str, str], SentPoint]
    )
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs to send here."""
        return {
            "AGENTPROXY_ENABLE_TELEMETRY": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": self.protocol,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
        }

    def named(self, name: str) -> list[SentSpan]:
        return [span for span in self.spans if span.name == name]

    def metric(self, name: str) -> list[SentPoint]:
        return [point for point in list(self.points.values()) if point.name == name]

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until what came fulfils the condition."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, sorted({span.name for span in self.spans})
            time.sleep(0.02)

    def take(self, request: Any) -> None:
        """Keep what an exporter sent."""
        for group in getattr(request, "resource_spans", ()):
            resource = _plain(group.resource.attributes)
            for scope in group.scope_spans:
                self.spans += [_span(each, resource) for each in scope.spans]
        for group in getattr(request, "resource_logs", ()):
            for scope in group.scope_logs:
                self.logs += [_log(each) for each in scope.log_records]
        for group in getattr(request, "resource_metrics", ()):
            resource = _plain(group.resource.attributes)
            for scope in group.scope_metrics:
                for each in scope.metrics:
                    self._keep_points(each, resource)

    def _keep_points(self, metric: Any, resource: Plain) -> None:
        kind = metric.WhichOneof("data")
        for point in getattr(metric, kind).data_points:
            labels = _plain(point.attributes)
            whole = kind == "histogram"
            value = point.sum if whole else (point.as_double or point.as_int)
            sent = SentPoint(
                metric.name,
                kind,
                metric.unit,
                labels,
                float(value),
                point.count if whole else 0,
                resource,
            )
            who = resource.get("service.instance.id", "")
            self.points[metric.name, f"{who} {sorted(labels.items())}"] = sent


def _span(span: Any, resource: Plain) -> SentSpan:
    return SentSpan(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        attributes=_plain(span.attributes),
        failed=span.status.code == 2,
        resource=resource,
    )


def _log(record: Any) -> SentLog:
    return SentLog(
        name=record.event_name,
        body=record.body.string_value,
        severity=record.severity_text,
        trace=record.trace_id.hex(),
        span=record.span_id.hex(),
        attributes=_plain(record.attributes),
    )


def _plain(attributes: Any) -> Plain:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    found = getattr(value, value.WhichOneof("value"))
    return [_value(each) for each in found.values] if hasattr(found, "values") else found


@contextmanager
def collector(protocol: str) -> Generator[Collector]:
    """A collector that listens on a free port."""
    opened = _grpc if protocol == "grpc" else _http
    found = Collector(protocol=protocol)
    with opened(found):
        yield found


@contextmanager
def _grpc(found: Collector) -> Generator[None]:
    def servicer(base: type, answer: Callable[[], Any]) -> Any:
        def export(_self: object, request: Any, context: grpc.ServicerContext) -> Any:
            found.headers.append({name: str(text) for name, text in context.invocation_metadata()})
            found.take(request)
            return answer()

        return type("Servicer", (base,), {"Export": export})()

    server = grpc.server(ThreadPoolExecutor(4))
    services: list[tuple[Any, str, Callable[[], Any]]] = [
        (traces_grpc, "TraceService", traces.ExportTraceServiceResponse),
        (metrics_grpc, "MetricsService", metrics.ExportMetricsServiceResponse),
        (logs_grpc, "LogsService", logs.ExportLogsServiceResponse),
    ]
    for stubs, name, answer in services:
        base = getattr(stubs, f"{name}Servicer")
        getattr(stubs, f"add_{name}Servicer_to_server")(servicer(base, answer), server)
    port = server.add_insecure_port("127.0.0.1:0")
    found.url = f"http://127.0.0.1:{port}"
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait(5)


@contextmanager
def _http(found: Collector) -> Generator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                data = gzip.decompress(data)
            assert self.headers["Content-Type"] == "application/x-protobuf"
            found.headers.append({name.lower(): text for name, text in self.headers.items()})
            found.take(REQUESTS[self.path].FromString(data))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield
