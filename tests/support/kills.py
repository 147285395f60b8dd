"""kill -9 of `pa` at moments of an undisturbed run: the points, and the story of who is killed.

A point is an event, and the seconds after it; so each point is hit where it lies, however much was
done again before.
"""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from support.front_door import Pa, Ran, Record
from support.life import Life, Matches, nobody_is_left

Key = tuple[object, ...]


def key_of(event: Record) -> Key:
    """What an event is about, wherever it stands in the journal and whatever was said before."""
    data = event["data"]
    names = ("check", "on", "attempt", "round", "purpose", "effect", "turn")
    words = {"tool_started": "arguments", "tool_finished": "text", "model_answered": "message"}
    said = json.dumps(_without_ids(data.get(words.get(event["kind"], ""))))
    return (event["kind"], *(data.get(name) for name in names), said)


def _without_ids(said: object) -> object:
    """A message says in which turn its calls stand, and after a kill that may be another one."""
    if not isinstance(said, dict):
        return said
    message = cast("Record", said)
    return [{**part, "id": ""} for part in message["parts"]] if "parts" in message else message


def time_of(event: Record) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


@dataclass(frozen=True)
class Point:
    """So many seconds after this event is there, or after the start of the process for None."""

    place: int
    event: Key | None
    seconds: float
    before: Key | None = None  # the kill does not wait past this event, however fast the run is


@dataclass(frozen=True)
class Undisturbed:
    """How the run goes when nobody kills it: `moments` are seconds since the process started."""

    ran: Ran
    keys: list[Key]
    moments: list[float]

    @property
    def anchors(self) -> list[int]:
        """Events that there is only one of: what others would be found by is ambiguous."""
        counts = Counter(self.keys)
        return [place for place, key in enumerate(self.keys) if counts[key] == 1]

    def at(self, moment: float) -> Point:
        """A moment of its wall time."""
        before = [place for place in self.anchors if self.moments[place] <= moment]
        later = next((self.keys[place] for place in self.anchors[len(before) :]), None)
        if not before:
            return Point(-1, None, moment, later)
        return Point(before[-1], self.keys[before[-1]], moment - self.moments[before[-1]], later)

    def after_event(self, place: int) -> Point:
        """As soon as an event has been printed."""
        return Point(place, self.keys[place], 0.0)

    def points(self, chance: random.Random, count: int) -> list[Point]:
        """Half of them spread over its wall time, half right after an event."""
        wall = self.moments[-1]
        strata = [(number + chance.random()) / count * 2 for number in range(count // 2)]
        spread = [self.at(stratum * wall) for stratum in strata]
        events = [self.after_event(chance.choice(self.anchors)) for _ in range(count // 2)]
        return spread + events


@dataclass(frozen=True)
class Task:
    """What is ordered. All its processes bear the marker."""

    pa: Pa
    marker: str
    arguments: tuple[str, ...]


def replace_marker(key: Key, marker: str, by: str) -> Key:
    return tuple(part.replace(marker, by) if isinstance(part, str) else part for part in key)


def watch(task: Task) -> Undisturbed:
    """Let a task come to its end, and see when what happens."""
    life = Life(task.pa, *task.arguments)
    ran = life.end()
    return Undisturbed(
        ran=ran,
        keys=[replace_marker(key_of(event), task.marker, "") for event in life.events],
        moments=[time_of(event) - life.began for event in life.events],
    )


@dataclass
class Story:
    """A run that is killed and resumed: what was acknowledged so far, and what it cost."""

    task: Task
    run: str = ""
    acknowledged: dict[int, Record] = field(default_factory=dict[int, Record])
    kills: int = 0
    delays: list[float] = field(default_factory=list[float])

    @property
    def events(self) -> list[Record]:
        """What it told, in order."""
        return list(self.acknowledged.values())

    def through(self, points: Sequence[Point]) -> tuple[Ran, Ran]:
        """Kill it at all these points, one after the other, and let it come to its end; its result,
        and what it says when it is resumed once more.
        """
        ran = None
        for point in sorted(points, key=lambda it: (it.place, it.seconds)):
            ran = self.live(point)
            if ran is not None:
                break
        final = ran or self.live(None)
        assert final is not None
        whole = self.live(None)
        assert whole is not None
        assert len(whole.records) == len(self.acknowledged) + 1
        return final, whole

    def live(self, point: Point | None) -> Ran | None:
        """One process, up to the point; its result when it came to its end before."""
        life = Life(self.task.pa, *self._command())
        if point is None or not self._reaches(life, point):
            ran = life.end()
            self._learn(life)
            return ran
        life.kill()
        self.kills += 1
        assert nobody_is_left(self.task.marker) == []
        self._learn(life)
        return None

    def _command(self) -> tuple[str, ...]:
        return ("resume", self.run, "-o", "json") if self.run else self.task.arguments

    def _reaches(self, life: Life, point: Point) -> bool:
        if point.event is not None and not life.sees(self._is(point.event)):
            return False
        deadline = time.monotonic() + point.seconds
        while time.monotonic() < deadline and life.process.poll() is None:
            if point.before is not None and life.saw(self._is(point.before)):
                break
            time.sleep(0.01)
        return life.process.poll() is None

    def _is(self, wanted: Key) -> Matches:
        """Whether a record is this event."""
        return lambda it: "seq" in it and _same(it, wanted, self.task.marker)

    def _learn(self, life: Life) -> None:
        """What it told is what was told before, and goes on from there without a gap."""
        events = life.events
        seqs = [event["seq"] for event in events]
        assert seqs == list(range(1, len(seqs) + 1))
        told = {event["seq"]: event for event in events}
        common = told.keys() & self.acknowledged.keys()
        assert {seq: told[seq] for seq in common} == {seq: self.acknowledged[seq] for seq in common}
        new = [event for event in events if event["seq"] not in self.acknowledged]
        begun = [event for event in new if event["kind"] == "segment_started"]
        if self.run and begun:
            self.delays.append(time_of(begun[0]) - life.began)
        self.acknowledged |= told
        self.run = self.run or self._created()

    def _created(self) -> str:
        """The run, if there is one: it may have been created and not told."""
        listed = self.task.pa("list", "-o", "json").records
        return str(listed[0]["run"]) if listed else ""


def _same(event: Record, wanted: Key, marker: str) -> bool:
    return replace_marker(key_of(event), marker, "") == wanted


def bare_start() -> float:
    """Seconds that an interpreter takes to do nothing here and now."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.monotonic() - began
