"""What the variables of OpenTelemetry choose, beyond what its SDK reads itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import unquote, urlsplit

Signal = Literal["traces", "metrics", "logs"]
Protocol = Literal["grpc", "http/protobuf"]
SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")
DEFAULT_INTERVAL = 10_000  # milliseconds
ADDRESS = "OTEL_EXPORTER_OTLP_ENDPOINT"
SAMPLERS = ("always_on", "always_off", "traceidratio")
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
    share: float  # of the traces, which are sent
    workers_too: bool  # the programs of workers may send their own to the collector


def read_options(variables: Mapping[str, str]) -> Options | None:
    """Returns the options, or None where all is switched off. Raises BadOption."""
    if _is_true(variables.get("OTEL_SDK_DISABLED", "")):
        return None
    protocols: dict[Signal, Protocol] = {
        signal: _protocol(signal, variables) for signal in SIGNALS if _is_sent(signal, variables)
    }
    for name in (ADDRESS, *(address_of(signal) for signal in protocols)):
        _refuse_no_address(name, variables.get(name, ""))
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
        share=_share(variables),
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


def address_of(signal: Signal) -> str:
    """Returns the variable with the address of one signal."""
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"


def _refuse_no_address(name: str, address: str) -> None:
    # Of anything else the libraries complain in long words, some on their own way to stderr.
    try:
        found = urlsplit(address)
        usable = found.scheme in ("http", "https") and found.hostname and found.port != 0
    except ValueError:
        usable = False
    if address and not usable:
        cure = "give one that begins with http:// or https://, such as http://localhost:4317"
        raise BadOption(f"{name} is no address: {cure}")


def _share(variables: Mapping[str, str]) -> float:
    name = "OTEL_TRACES_SAMPLER"
    # Our traces have no parent outside, so "parentbased_" changes nothing.
    sampler = (variables.get(name) or "always_on").removeprefix("parentbased_")
    if sampler not in SAMPLERS:
        raise BadOption(f"{name} is {sampler!r}: give one of {', '.join(SAMPLERS)}")
    if sampler != "traceidratio":
        return float(sampler == "always_on")
    text = variables.get(f"{name}_ARG") or "1"
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise BadOption(f"{name}_ARG is {text!r}: give a number from 0 to 1, such as 0.25")
    return share
