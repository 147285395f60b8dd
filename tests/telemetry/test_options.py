"""What the variables choose, and that the page of telemetry has every name."""

import re
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.util.re import parse_env_headers

from agentproxy.config.envfile import parse_env
from agentproxy.telemetry.measures import INSTRUMENTS
from agentproxy.telemetry.options import SIGNALS, BadOption, Signal, read_options
from agentproxy.telemetry.sampling import is_sampled
from agentproxy.telemetry.sdk_variables import (
    CHOICES,
    FLUSH_SECONDS,
    LIMITS,
    QUEUES,
    find_fault,
    flush_seconds,
    of_each_signal,
)
from agentproxy.telemetry.spans import trace_of
from agentproxy.telemetry.start import fault_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "telemetry.md").read_text()


def test_the_defaults_are_the_documented_ones() -> None:
    options = read_options({"USER": "somebody"})
    assert options is not None
    assert options.protocols == {"traces": "grpc", "metrics": "grpc", "logs": "grpc"}
    assert (options.name, options.namespace) == ("agentproxy", "default")
    assert (options.owner, options.interval, options.content) == ("somebody", 10_000, False)
    documented = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([^`|]+?)`? \|", PAGE, re.MULTILINE))
    assert documented["OTEL_SERVICE_NAME"] == options.name
    assert documented["OTEL_SERVICE_NAMESPACE"] == options.namespace
    assert documented["OTEL_METRIC_EXPORT_INTERVAL"] == str(round(options.interval))
    shown = re.findall(r"^# ((?:OTEL|AGENTPROXY_E)[A-Z_]*=.*)$", _example(), re.MULTILINE)
    for name, value in parse_env("\n".join(shown), source=".env.example").items():
        assert documented[name] == value, name


def _example() -> str:
    return (ROOT / ".env.example").read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "udp"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "soon"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://localhost:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:port"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "localhost"),
        ("OTEL_TRACES_SAMPLER", "often"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"),
        ("OTEL_TRACES_SAMPLER_ARG", "50"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan"),
        ("OTEL_SDK_DISABLED", "yes"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1" * 5000),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadOption, match=f"{name} is .*: give "):
        read_options({"OTEL_TRACES_SAMPLER": "traceidratio", name: value})


NUMBERS = {**QUEUES, **LIMITS, **dict.fromkeys(of_each_signal("TIMEOUT"), 10)}
SPOILT_HEADERS = ("Bearer abc", "=abc", "a b=abc", "a=abc\nb", "a=abcü", 'a="abc"')
UNREADABLE = [
    *((name, value) for name in NUMBERS for value in ("abc", "-1", "1" * 5000)),
    *((name, "0") for name in QUEUES),
    *((name, value) for name in of_each_signal("TIMEOUT") for value in ("0", "nan", "inf")),
    *((name, "maybe") for name in (*CHOICES, *of_each_signal("INSECURE"))),
    *((name, value) for name in of_each_signal("COMPRESSION") for value in ("zstd", "deflate")),
    *((name, value) for name in of_each_signal("HEADERS") for value in SPOILT_HEADERS),
    ("OTEL_RESOURCE_ATTRIBUTES", "team=a,b"),
    ("OTEL_SERVICE_NAME", "name\udcff"),
    ("AGENTPROXY_OWNER_ID", "\udcff"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{'a' * 5000}"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "4096"),
    *((name, "/nonexistent.pem") for name in of_each_signal("CERTIFICATE")),
    *((name, "/") for name in of_each_signal("CLIENT_KEY")),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:word@localhost:4317"),
]


@pytest.mark.parametrize(("name", "value"), UNREADABLE)
def test_what_the_sdk_cannot_read_is_named_with_its_cure_and_no_key_is_shown(
    name: str, value: str
) -> None:
    fault = fault_in({name: value})
    assert name in fault
    assert ": give " in fault
    assert len(fault) < 200
    assert not any(secret in fault for secret in ("Bearer", "abc\n", "=abc", '"abc', "word@"))


@pytest.mark.parametrize("name", [*NUMBERS, *of_each_signal("COMPRESSION")])
def test_what_it_can_read_is_taken(name: str) -> None:
    assert fault_in({name: str(NUMBERS.get(name, "none"))}) == ""
    assert fault_in({name: ""}) == ""


@pytest.mark.parametrize(
    "headers", ["a=b", "a=b,c = d ", "Authorization=Bearer abc==", "x-key=a%2Cb,", "a=[b]^_`{|}~"]
)
def test_the_headers_that_the_sdk_takes_are_taken(headers: str) -> None:
    taken = parse_env_headers(headers, liberal=True)
    assert len(taken) == len([part for part in headers.split(",") if part])
    assert fault_in({"OTEL_EXPORTER_OTLP_HEADERS": headers}) == ""


@pytest.mark.parametrize("headers", SPOILT_HEADERS)
def test_it_takes_no_other(headers: str) -> None:
    assert parse_env_headers(headers, liberal=True) == {}


def test_http_also_takes_deflate_and_an_address_with_a_password() -> None:
    http = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "deflate",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:word@localhost:4318",
    }
    assert fault_in(http) == ""
    assert find_fault(http, {"traces": "grpc"})


@pytest.mark.parametrize(
    ("given", "signals", "seconds"),
    [
        ({}, SIGNALS, 5.0),
        ({"": ""}, SIGNALS, 5.0),
        ({"": "60"}, SIGNALS, 5.0),
        ({"": "1"}, SIGNALS, 0.5),
        ({"": "1", "LOGS_": "4"}, SIGNALS, 2.0),
        ({"": "1", "LOGS_": "4"}, ("traces", "metrics"), 0.5),
        ({"LOGS_": "4"}, SIGNALS, 5.0),
    ],
)
def test_the_end_waits_half_as_long_as_an_export_and_at_most_so_long(
    given: dict[str, str], signals: tuple[Signal, ...], seconds: float
) -> None:
    variables = {f"OTEL_EXPORTER_OTLP_{name}TIMEOUT": text for name, text in given.items()}
    assert flush_seconds(variables, signals) == seconds
    assert f"at most {FLUSH_SECONDS:g} seconds at the end of the process" in PAGE


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.25, 0.5, 1.0])
def test_the_sampler_chooses_the_traces_that_the_sdk_would_choose(share: float) -> None:
    its = TraceIdRatioBased(share)
    for trace in (trace_of(number) for number in range(200)):
        chosen = its.should_sample(None, trace, "").decision.is_sampled()
        assert is_sampled(trace, share) == chosen


@pytest.mark.parametrize(
    ("name", "share"),
    [("always_on", 1.0), ("always_off", 0.0), ("traceidratio", 0.25), ("", 1.0)],
)
def test_each_sampler_has_its_share_also_with_parents(name: str, share: float) -> None:
    for prefix in ("", "parentbased_") if name else ("",):
        options = read_options(
            {"OTEL_TRACES_SAMPLER": prefix + name, "OTEL_TRACES_SAMPLER_ARG": "0.25"}
        )
        assert options is not None
        assert options.share == share


def test_a_signal_may_have_a_protocol_of_its_own_or_be_left_out() -> None:
    options = read_options(
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_LOGS_EXPORTER": "none"}
    )
    assert options is not None
    assert options.protocols == {"traces": "http/protobuf", "metrics": "grpc"}
    assert read_options({"OTEL_SDK_DISABLED": "true"}) is None


def test_every_metric_is_on_the_page_with_its_kind() -> None:
    rows = dict(re.findall(r"^\| `((?:agentproxy|gen_ai)\.[\w.]+)` \| (\w+)", PAGE, re.MULTILINE))
    assert rows.pop("agentproxy.sessions.active") == "gauge"
    assert rows == {name: each.kind for name, each in INSTRUMENTS.items()}
