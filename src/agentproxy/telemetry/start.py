"""Opens telemetry for a process. Loads nothing of OpenTelemetry before its own thread does."""

import os
from collections.abc import Callable, Mapping

from agentproxy.telemetry.follower import ThreadFollower
from agentproxy.telemetry.options import BadOption, Options, read_options
from agentproxy.telemetry.passage import passage_of
from agentproxy.telemetry.port import Outlet


def open_follower(
    variables: Mapping[str, str], *, say: Callable[[str], None]
) -> ThreadFollower | None:
    """Returns the follower; None where the variables switch everything off."""
    try:
        options = read_options(variables)
    except BadOption as error:
        say(f"telemetry is off: {error}")
        return None
    if options is None or not options.protocols:
        return None
    # The SDK and its exporters read the process's own variables, and nothing else.
    for name, value in variables.items():
        if name.startswith("OTEL_"):
            os.environ.setdefault(name, value)
    # gRPC would print to stderr at each fork.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    passage = passage_of(variables, options.protocols) if options.workers_too else None
    return ThreadFollower(
        lambda: _outlet(options, say),
        content=options.content,
        say=say,
        share=options.share,
        passage=passage,
    )


def fault_in(variables: Mapping[str, str]) -> str:
    """Returns what of the variables cannot be used, with its cure, or ""."""
    try:
        read_options(variables)
    except BadOption as error:
        return str(error)
    return ""


def _outlet(options: Options, say: Callable[[str], None]) -> Outlet:
    from agentproxy.telemetry.otlp.outlet import OtlpOutlet

    return OtlpOutlet(options, say=say)
