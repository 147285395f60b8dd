"""Which traces are sent: always the same ones for a share. Pure."""

NUMBERS = 1 << 64  # of the half of an id that chooses, as the SDK of OpenTelemetry has it


def is_sampled(trace: int, share: float) -> bool:
    """Whether a trace is among the share that is sent."""
    return trace % NUMBERS < round(share * NUMBERS)
