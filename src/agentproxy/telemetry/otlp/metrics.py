"""Counters, histograms, and how many runs are at work."""

from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from agentproxy import __version__
from agentproxy.telemetry.measures import INSTRUMENTS, Instrument, Measure

# A task takes from seconds to days, a call of a model from a tenth of a second to minutes.
SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)
ACTIVE = "agentproxy.sessions.active"


class Metrics:
    def __init__(self, exporter: MetricExporter, resource: Resource, *, interval: float) -> None:
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=interval)
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("agentproxy", __version__)
        self._instruments = {name: _made(meter, name, of) for name, of in INSTRUMENTS.items()}
        self.active = 0
        meter.create_observable_gauge(
            ACTIVE, [self._observe], "{session}", "Runs that this process works on"
        )

    def send(self, measure: Measure) -> None:
        instrument = self._instruments[measure.name]
        if isinstance(instrument, Counter):
            instrument.add(measure.value, measure.labels)
        else:
            instrument.record(measure.value, measure.labels)

    def close(self) -> None:
        self._provider.shutdown()

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self.active)]


def _made(meter: Meter, name: str, of: Instrument) -> Counter | Histogram:
    if of.kind == "counter":
        return meter.create_counter(name, of.unit, of.text)
    bounds = SECONDS if of.unit == "s" else TOKENS
    return meter.create_histogram(
        name, of.unit, of.text, explicit_bucket_boundaries_advisory=bounds
    )
