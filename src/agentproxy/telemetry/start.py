"""Opens telemetry for a process. Loads nothing of OpenTelemetry before its own thread does."""

import os
from collections.abc import Callable, Mapping

from agentproxy.telemetry.follower import ThreadFollower
from agentproxy.telemetry.options import BadOption, Options, read_options
from agentproxy.telemetry.passage import passage_of
from agentproxy.telemetry.port import Outlet
from agentproxy.telemetry.sdk_variables import NO_COMPRESSION, find_fault, flush_seconds


def open_follower(
    variables: Mapping[str, str], *, say: Callable[[str], None]
) -> ThreadFollower | None:
    """Returns the follower; None where the variables switch everything off."""
    try:
        options = _read(variables)
    except BadOption as error:
        say(f"telemetry is off: {error}")
        return None
    if options is None or not options.protocols:
        return None
    _hand_over(variables)
    # gRPC would print to stderr at each fork.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    passage = passage_of(variables, options.protocols) if options.workers_too else None
    return ThreadFollower(
        lambda: _outlet(options, flush_seconds(variables, options.protocols), say),
        content=options.content,
        say=say,
        share=options.share,
        passage=passage,
    )


def fault_in(variables: Mapping[str, str]) -> str:
    """Returns what of the variables cannot be used, with its cure, or ""."""
    try:
        _read(variables)
    except BadOption as error:
        return str(error)
    return ""


def _read(variables: Mapping[str, str]) -> Options | None:
    """Raises BadOption, also for what the SDK would read."""
    options = read_options(variables)
    if options and (fault := find_fault(variables, options.protocols)):
        raise BadOption(fault)
    return options


def _hand_over(variables: Mapping[str, str]) -> None:
    """Sets the process's own variables: the SDK and its exporters read nothing else."""
    for name, value in variables.items():
        if name.startswith("OTEL_"):
            os.environ[name] = value
    # An empty one counts as not set, as the specification has it; the exporter for grpc knows no
    # word for no compression.
    for name, value in tuple(os.environ.items()):
        unpacked = name.endswith("_COMPRESSION") and value.strip().lower() == NO_COMPRESSION
        if name.startswith("OTEL_") and (unpacked or not value):
            del os.environ[name]


def _outlet(options: Options, flush: float, say: Callable[[str], None]) -> Outlet:
    from agentproxy.telemetry.otlp.outlet import OtlpOutlet

    return OtlpOutlet(options, flush=flush, say=say)
