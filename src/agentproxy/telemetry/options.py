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
BOOLEANS = {"": False, "true": True, "1": True, "false": False, "0": False}
LONGEST_ADDRESS = 2000  # characters
LONGEST_SHOWN = 60  # characters of a value


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
    if _is_true("OTEL_SDK_DISABLED", variables):
        return None
    protocols: dict[Signal, Protocol] = {
        signal: _protocol(signal, variables) for signal in SIGNALS if _is_sent(signal, variables)
    }
    for signal, protocol in protocols.items():
        name = address_of(signal) if variables.get(address_of(signal)) else ADDRESS
        _refuse_no_address(name, variables.get(name, ""), protocol=protocol)
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
        content=_is_true(CONTENT, variables),
        share=_share(variables),
        workers_too=_is_true(WORKERS, variables),
    )


def _attributes(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Returns what is said of the process."""
    pairs = variables.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    found = (pair.partition("=") for pair in pairs)
    return {name.strip(): unquote(text.strip()) for name, _, text in found}


def shown(value: str) -> str:
    """Returns a value as an error quotes it."""
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}...")


def _is_true(name: str, variables: Mapping[str, str]) -> bool:
    text = variables.get(name, "")
    chosen = BOOLEANS.get(text.strip().lower())
    if chosen is None:
        raise BadOption(f"{name} is {shown(text)}: give true or false")
    return chosen


def _is_sent(signal: Signal, variables: Mapping[str, str]) -> bool:
    name = f"OTEL_{signal.upper()}_EXPORTER"
    exporter = variables.get(name) or "otlp"
    if exporter not in ("otlp", "none"):
        raise BadOption(f"{name} is {shown(exporter)}: give otlp or none")
    return exporter == "otlp"


def _protocol(signal: Signal, variables: Mapping[str, str]) -> Protocol:
    general = "OTEL_EXPORTER_OTLP_PROTOCOL"
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
    name = own if variables.get(own) else general
    protocol = variables.get(name) or "grpc"
    if protocol not in get_args(Protocol):
        raise BadOption(f"{name} is {shown(protocol)}: give grpc or http/protobuf")
    return cast("Protocol", protocol)


def _interval(variables: Mapping[str, str]) -> float:
    name = "OTEL_METRIC_EXPORT_INTERVAL"
    text = variables.get(name) or str(DEFAULT_INTERVAL)
    # Python refuses to read a number of thousands of digits.
    if not text.isdecimal() or len(text) > LONGEST_SHOWN or not 0 < int(text) < 10**9:
        raise BadOption(f"{name} is {shown(text)}: give milliseconds, such as {DEFAULT_INTERVAL}")
    return float(text)


def address_of(signal: Signal) -> str:
    """Returns the variable with the address of one signal."""
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"


def _refuse_no_address(name: str, address: str, *, protocol: Protocol) -> None:
    # Of anything else the libraries complain in long words, some on their own way to stderr.
    has_user = False
    try:
        found = urlsplit(address)
        usable = found.scheme in ("http", "https") and found.hostname and found.port != 0
        has_user = "@" in found.netloc
    except ValueError:
        usable = False
    if has_user and protocol == "grpc":
        cure = "give what the collector asks for in OTEL_EXPORTER_OTLP_HEADERS"
        raise BadOption(f"{name} has a user or a password, which grpc does not send: {cure}")
    if address and not (usable and len(address) <= LONGEST_ADDRESS):
        cure = "give one that begins with http:// or https://, such as http://localhost:4317"
        raise BadOption(f"{name} is no address: {cure}")


def _share(variables: Mapping[str, str]) -> float:
    name = "OTEL_TRACES_SAMPLER"
    # Our traces have no parent outside, so "parentbased_" changes nothing.
    sampler = (variables.get(name) or "always_on").removeprefix("parentbased_")
    if sampler not in SAMPLERS:
        raise BadOption(f"{name} is {shown(sampler)}: give one of {', '.join(SAMPLERS)}")
    if sampler != "traceidratio":
        return float(sampler == "always_on")
    text = variables.get(f"{name}_ARG") or "1"
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise BadOption(f"{name}_ARG is {shown(text)}: give a number from 0 to 1, such as 0.25")
    return share
