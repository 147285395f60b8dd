"""Spans of a run, and their ids, which follow from the run and its effects alone. Pure."""

import hashlib
from dataclasses import dataclass, field

Value = str | int | float | bool | tuple[str, ...]
Attributes = dict[str, Value]

TRACE_BYTES = 16
SPAN_BYTES = 8


def trace_of(*names: object) -> int:
    """Returns the id of the trace of a run, or of a turn of a conversation."""
    return _number("trace", names, TRACE_BYTES)


def span_of(*names: object) -> int:
    """Returns the id of a span."""
    return _number("span", names, SPAN_BYTES)


def _number(what: str, names: tuple[object, ...], size: int) -> int:
    # Names may contain any character but this one.
    text = "\0".join(str(name) for name in (what, *names))
    # Zero is no id (W3C Trace Context).
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size]) or 1


@dataclass(frozen=True, slots=True)
class SpanPlace:
    """Where a span is: in a trace, under its own id."""

    trace: int
    span: int

    def traceparent(self, *, sampled: bool) -> str:
        """Returns the header `traceparent` for what is done below the span."""
        return f"00-{self.trace:032x}-{self.span:016x}-{sampled:02x}"


@dataclass(slots=True)
class Span:
    """A stretch of work. `end` None: it goes on."""

    name: str
    place: SpanPlace
    parent: SpanPlace | None
    start: float  # Unix time
    attributes: Attributes = field(default_factory=Attributes)
    is_client: bool = False
    end: float | None = None
    error: str = ""  # what kind of error; "" where there is none
    cut_off: bool = False  # its process stopped before it ended
