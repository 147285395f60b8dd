"""What the SDK of OpenTelemetry reads itself, and would complain of without the name."""

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agentproxy.telemetry.options import SIGNALS, Protocol, Signal, shown

LARGEST = 10**9
EXPORT_SECONDS = 10.0  # of the SDK, for one export
FLUSH_SECONDS = 5.0  # at the end of a process, for all signals together
# Usual values, which an error gives as an example.
QUEUES = {
    "OTEL_BSP_SCHEDULE_DELAY": 5000,
    "OTEL_BSP_MAX_QUEUE_SIZE": 2048,
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": 512,
    "OTEL_BSP_EXPORT_TIMEOUT": 30_000,
    "OTEL_BLRP_SCHEDULE_DELAY": 1000,
    "OTEL_BLRP_MAX_QUEUE_SIZE": 2048,
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": 512,
    "OTEL_BLRP_EXPORT_TIMEOUT": 30_000,
    "OTEL_METRIC_EXPORT_TIMEOUT": 30_000,
}
LIMITS = {
    "OTEL_ATTRIBUTE_COUNT_LIMIT": 128,
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": 4096,
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": 128,
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT": 4096,
}
UNITS = {"DELAY": "milliseconds", "TIMEOUT": "milliseconds"}
CHOICES = {
    "OTEL_METRICS_EXEMPLAR_FILTER": ("trace_based", "always_on", "always_off"),
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": ("cumulative", "delta", "lowmemory"),
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": (
        "explicit_bucket_histogram",
        "base2_exponential_bucket_histogram",
    ),
}
PAIR = re.compile(r"[^=]+=.*", re.DOTALL)
# What the SDK takes. Another header it would show, with its value.
HEADER = re.compile(
    r"[!\x23-\x27*+\x2d.0-9A-Z^-z|~]+[ \t]*=[ !\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
)
EXACT = ("OTEL_METRICS_EXEMPLAR_FILTER",)
NO_COMPRESSION = "none"


def find_fault(variables: Mapping[str, str], protocols: Mapping[Signal, Protocol]) -> str:
    """Returns the first variable that the SDK cannot use, with its cure, or "". Looks at files."""
    given = {name: value for name, value in variables.items() if value}
    return next(_faults(given, has_grpc="grpc" in protocols.values()), "")


def flush_seconds(variables: Mapping[str, str], signals: Iterable[Signal]) -> float:
    """Returns how long a process may wait at its end, in seconds.

    It is half of the time that an export may take, and at most FLUSH_SECONDS. The variables have
    no fault.
    """
    general, *own = of_each_signal("TIMEOUT")
    named = dict(zip(SIGNALS, own, strict=True))
    given = [variables.get(named[each]) or variables.get(general) for each in signals]
    return min(FLUSH_SECONDS, max(float(text or EXPORT_SECONDS) for text in given) / 2)


def of_each_signal(what: str) -> tuple[str, ...]:
    """Returns the variable for all signals, and those for one."""
    prefix = "OTEL_EXPORTER_OTLP"
    return (f"{prefix}_{what}", *(f"{prefix}_{signal.upper()}_{what}" for signal in SIGNALS))


def _faults(given: Mapping[str, str], *, has_grpc: bool) -> Iterator[str]:
    yield from _texts(given)
    yield from _numbers(given)
    yield from _batches(given)
    yield from _choices(given, has_grpc=has_grpc)
    yield from _lists(given)
    yield from _files(given)


def _texts(given: Mapping[str, str]) -> Iterator[str]:
    for name, value in given.items():
        # Bytes of an environment that are no UTF-8 become halves of pairs, which nothing can send.
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            yield f"{name} is not UTF-8: give plain text"


def _numbers(given: Mapping[str, str]) -> Iterator[str]:
    for least, names in ((1, QUEUES), (0, LIMITS)):
        for name, usual in names.items():
            text = given.get(name, str(usual))
            if not text.isdecimal() or not text.isascii() or not least <= _whole(text) <= LARGEST:
                unit = UNITS.get(name.rpartition("_")[2], "a whole number")
                yield f"{name} is {shown(text)}: give {unit}, such as {usual}"
    for name in of_each_signal("TIMEOUT"):
        text = given.get(name, str(EXPORT_SECONDS))
        # The specification has milliseconds; the SDK for Python takes seconds.
        if not 0 < _seconds(text) <= LARGEST:
            yield f"{name} is {shown(text)}: give seconds, such as 10"


def _whole(text: str) -> int:
    return int(text) if len(text) <= len(str(LARGEST)) else LARGEST + 1


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _batches(given: Mapping[str, str]) -> Iterator[str]:
    for kind in ("BSP", "BLRP"):
        queue, batch = f"OTEL_{kind}_MAX_QUEUE_SIZE", f"OTEL_{kind}_MAX_EXPORT_BATCH_SIZE"
        room, asked = (int(given.get(name, QUEUES[name])) for name in (queue, batch))
        if asked > room:
            yield f"{batch} is '{asked}': give at most {queue}, which is {room}"


def _choices(given: Mapping[str, str], *, has_grpc: bool) -> Iterator[str]:
    for name in of_each_signal("COMPRESSION"):
        yield from _chosen(
            name, given, ("gzip", NO_COMPRESSION) + (() if has_grpc else ("deflate",))
        )
    for name in of_each_signal("INSECURE"):
        yield from _chosen(name, given, ("true", "false"))
    for name, choices in CHOICES.items():
        yield from _chosen(name, given, choices)


def _chosen(name: str, given: Mapping[str, str], choices: tuple[str, ...]) -> Iterator[str]:
    text = given.get(name, "")
    said = text if name in EXACT else text.strip().lower()
    if text and said not in choices:
        yield f"{name} is {shown(text)}: give {' or '.join(choices)}"


def _lists(given: Mapping[str, str]) -> Iterator[str]:
    # The values are not shown: they may be keys.
    for name in (*of_each_signal("HEADERS"), "OTEL_RESOURCE_ATTRIBUTES"):
        pair = PAIR if name == "OTEL_RESOURCE_ATTRIBUTES" else HEADER
        parts = [part for part in given.get(name, "").split(",") if part.strip()]
        if not all(pair.fullmatch(part.strip()) for part in parts):
            signs = "" if pair is PAIR else "; write other signs than plain ASCII as %XX"
            yield f"{name} is no list: give NAME=VALUE, with commas between several{signs}"


def _files(given: Mapping[str, str]) -> Iterator[str]:
    for what in ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"):
        for name in of_each_signal(what):
            path = given.get(name, "")
            if path and not (Path(path).is_file() and os.access(path, os.R_OK)):
                yield f"{name} is {shown(path)}: give the path of a PEM file that can be read"
