"""Runs as they were recorded: the lines of `pa show -o json`, read and folded as a journal is."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.upcasts import UPCASTS, Upcasts
from agentproxy.journal.record import StoredRow, decode
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.state import State

RECORDED = Path(__file__).parent.parent / "replay"


def read_recorded(name: str, *, upcasts: Upcasts = UPCASTS) -> Sequence[Event]:
    """The events of tests/replay/NAME.jsonl; `upcasts` stand for those of the product."""
    lines = (RECORDED / f"{name}.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [
        decode(RunId(record["run"]), _row(record), upcasts=upcasts)
        for record in records
        if record["kind"] != "result"
    ]


def fold_recorded(
    name: str,
    *,
    upcasts: Upcasts = UPCASTS,
    until: type[Fact] | None = None,
    before: type[Fact] | None = None,
) -> State:
    """The state after the events of tests/replay/NAME.jsonl: after all of them, after those `until`
    the first fact of a kind, or after those `before` the last of one.
    """
    events = list(read_recorded(name, upcasts=upcasts))
    if until is not None:
        del events[_places(events, until)[0] + 1 :]
    if before is not None:
        del events[_places(events, before)[-1] :]
    return SUPERVISED.replay(events)


def _places(events: Sequence[Event], kind: type[Fact]) -> list[int]:
    return [place for place, event in enumerate(events) if isinstance(event.fact, kind)]


def _row(record: dict[str, object]) -> StoredRow:
    data = record["data"]
    assert isinstance(data, dict)
    return StoredRow(
        seq=int(str(record["seq"])),
        time=datetime.fromisoformat(str(record["time"])).timestamp(),
        actor=str(record["actor"]),
        kind=str(record["kind"]),
        version=int(str(record["version"])),
        text=json.dumps({"kind": record["kind"], **data}),
        cause=str(record["cause"]),
    )
