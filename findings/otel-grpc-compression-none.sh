#!/usr/bin/env bash
# opentelemetry-exporter-otlp-proto-grpc 1.45.2: OTEL_EXPORTER_OTLP_COMPRESSION=none stops it, and so do
# empty variables.
# Expected: "none" is a value of the specification, and an empty variable counts as not set; the
# exporter for http/protobuf 1.45.2 takes both.
# Seen: InvalidCompressionValueException for "none" and for "", and a ValueError that names no variable
# for OTEL_EXPORTER_OTLP_TIMEOUT="".
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check \
  opentelemetry-exporter-otlp-proto-grpc==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
cat > make.py <<'END'
import os

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http


def made(exporter):
    try:
        exporter().shutdown()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "made"


for name, value in (("COMPRESSION", "none"), ("COMPRESSION", ""), ("TIMEOUT", "")):
    variable = f"OTEL_EXPORTER_OTLP_{name}"
    os.environ[variable] = value
    print(f"{variable}={value!r}: grpc: {made(Grpc)}; http: {made(Http)}")
    assert made(Grpc) != "made"
    assert made(Http) == "made"
    del os.environ[variable]
END
venv/bin/python make.py
