"""What the variables of OpenTelemetry choose, beyond what its SDK reads itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import unquote

Signal = Literal["traces", "metrics", "logs"]
Protocol = Literal["grpc", "http/protobuf"]
SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")
DEFAULT_INTERVAL = 10_000  # milliseconds
WORKERS = "AGENTPROXY_WORKER_TELEMETRY"
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


class BadOption(Exception):
    """A variable has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Options:
    """`protocols` has the signals that are sent."""

    protocols: Mapping[Signal, Protocol]
    interval: float  # milliseconds between two exports of metrics
    name: str
    namespace: str
    owner: str
    content: bool
    workers_too: bool  # the programs of workers may send their own to the collector


def read_options(variables: Mapping[str, str]) -> Options | None:
    """Returns the options, or None where all is switched off. Raises BadOption."""
    if _is_true(variables.get("OTEL_SDK_DISABLED", "")):
        return None
    protocols: dict[Signal, Protocol] = {
        signal: _protocol(signal, variables) for signal in SIGNALS if _is_sent(signal, variables)
    }
    said = _attributes(variables)
    return Options(
        protocols=protocols,
        interval=_interval(variables),
        name=variables.get("OTEL_SERVICE_NAME") or said.get("service.name") or "agentproxy",
        namespace=variables.get("OTEL_SERVICE_NAMESPACE")
        or said.get("service.namespace")
        or "default",
        owner=variables.get("AGENTPROXY_OWNER_ID")
        or said.get("agentproxy.owner.id")
        or variables.get("USER")
        or "",
        content=_is_true(variables.get(CONTENT, "")),
        workers_too=_is_true(variables.get(WORKERS, "")),
    )


def _attributes(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Returns what is said of the process. The SDK complains of what cannot be understood."""
    pairs = variables.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    found = (pair.partition("=") for pair in pairs)
    return {name.strip(): unquote(text.strip()) for name, _, text in found}


def _is_true(text: str) -> bool:
    return text.strip().lower() in ("1", "true")


def _is_sent(signal: Signal, variables: Mapping[str, str]) -> bool:
    name = f"OTEL_{signal.upper()}_EXPORTER"
    exporter = variables.get(name) or "otlp"
    if exporter not in ("otlp", "none"):
        raise BadOption(f"{name} is {exporter!r}: give otlp or none")
    return exporter == "otlp"


def _protocol(signal: Signal, variables: Mapping[str, str]) -> Protocol:
    general = "OTEL_EXPORTER_OTLP_PROTOCOL"
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
    name = own if variables.get(own) else general
    protocol = variables.get(name) or "grpc"
    if protocol not in get_args(Protocol):
        raise BadOption(f"{name} is {protocol!r}: give grpc or http/protobuf")
    return cast("Protocol", protocol)


def _interval(variables: Mapping[str, str]) -> float:
    name = "OTEL_METRIC_EXPORT_INTERVAL"
    text = variables.get(name) or str(DEFAULT_INTERVAL)
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise BadOption(f"{name} is {text!r}: give milliseconds, such as {DEFAULT_INTERVAL}")
    return float(text)
