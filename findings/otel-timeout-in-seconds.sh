#!/usr/bin/env bash
# opentelemetry-exporter-otlp-proto-http and -grpc 1.45.2 read OTEL_EXPORTER_OTLP_TIMEOUT as seconds.
# Expected: milliseconds, as the specification and the SDKs of other languages have it: its default
# there is 10000.
# Seen: with the specification's default 10000 they wait for up to 10,000 seconds, not for ten.
# OTEL_BSP_SCHEDULE_DELAY and OTEL_METRIC_EXPORT_INTERVAL beside it are in milliseconds.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check \
  opentelemetry-exporter-otlp-proto-grpc==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
cat > wait.py <<'END'
import os
import socket
import time

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http

# A server that takes connections and never answers.
with socket.create_server(("127.0.0.1", 0)) as silent:
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
    os.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "2"
    for exporter in (Grpc, Http):
        made = exporter()
        began = time.monotonic()
        made.export([])
        seconds = time.monotonic() - began
        print(f"{exporter.__module__.split('.')[4]}: OTEL_EXPORTER_OTLP_TIMEOUT=2 waited {seconds:.1f} s")
        assert seconds > 1, "two milliseconds, as the specification has it"
        made.shutdown()
END
venv/bin/python wait.py
