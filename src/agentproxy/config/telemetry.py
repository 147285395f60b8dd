"""Settings for telemetry: whether it is on, and the variables of OpenTelemetry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentproxy.config.mistakes import BadSetting

ENABLE = "AGENTPROXY_ENABLE_TELEMETRY"
WORKERS = "AGENTPROXY_WORKER_TELEMETRY"
OTHERS = ("AGENTPROXY_OWNER_ID", WORKERS, "USER")
OTEL = "OTEL_"  # begins the names of the variables that the specification of OpenTelemetry gives
CHOICES = {"1": True, "true": True, "0": False, "false": False}
CURE = "give 1 or 0"


@dataclass(frozen=True)
class TelemetrySettings:
    """`variables` may hold the headers of a collector, so they are not shown."""

    enabled: bool = False
    variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


def load_telemetry_settings(
    variables: Mapping[str, str], *, origins: Mapping[str, str]
) -> TelemetrySettings:
    """Returns the settings from variables. Raises BadSetting, with the source from `origins`."""
    for name in (ENABLE, WORKERS):
        if variables.get(name, "0").strip().lower() not in CHOICES:
            raise BadSetting("not 1 or 0", variable=name, origin=origins[name], cure=CURE)
    if not CHOICES[variables.get(ENABLE, "0").strip().lower()]:
        return TelemetrySettings()
    kept = {
        name: text for name, text in variables.items() if name.startswith(OTEL) or name in OTHERS
    }
    return TelemetrySettings(enabled=True, variables=kept)
