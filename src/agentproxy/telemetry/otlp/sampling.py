"""Which traces are sent, as the variables of OpenTelemetry choose."""

import os

from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

RATIO = "traceidratio"


def sampled_share() -> float | None:
    """Returns the share of traces that are sent; None where all of them are."""
    # Our traces have no parent outside, so "parentbased_" changes nothing.
    name = os.environ.get("OTEL_TRACES_SAMPLER", "").removeprefix("parentbased_")
    if name == "always_off":
        return 0.0
    if name != RATIO:
        return None
    try:
        share = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1"))
    except ValueError:
        return None
    return min(max(share, 0.0), 1.0)


def is_sampled(trace: int, share: float | None) -> bool:
    """Whether a trace is among those that are sent: always the same for its id."""
    if share is None:
        return True
    return TraceIdRatioBased(share).should_sample(None, trace, "").decision.is_sampled()
