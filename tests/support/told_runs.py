"""Runs that are told to a collector."""

import json

from support.front_door import Pa, Ran
from support.otlp import Collector
from support.projects import CHECK, MEND

PLAN = {
    "on": "You plan work",
    "calls": [
        {"name": "reply", "arguments": {"parts": [{"task": "Make add add", "checks": [CHECK]}]}}
    ],
}
PROTOCOLS = ("grpc", "http/protobuf")
SECRET_TASK = "Make right what nobody outside may read"


def traced(pa: Pa, to: Collector, *arguments: str, worker: str = MEND, **env: str) -> Ran:
    """A run whose supervisor thinks, told to a collector."""
    script = pa.scripts / "judge.json"
    script.write_text(json.dumps([PLAN]))
    judge = ("--judge", f"scripted:{script}")
    return pa.task(*judge, *arguments, worker=worker, env={**to.variables, **env}, asks=SECRET_TASK)
