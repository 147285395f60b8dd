"""kill -9 of `pa` anywhere, then `pa resume`: nothing acknowledged is lost, nothing done twice.

One run is killed several times. A point is a moment of an undisturbed run: an event, and the
seconds after it; so each point is hit where it lies, however much was done again before.
"""

import os
import random
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from support.front_door import Pa, Ran, Record, new_pa
from support.life import Life, nobody_is_left
from support.projects import BREAK_DOUBLE, CALC, MEND

SEED = int(os.environ.get("KILL_SEED", "20260101"))
KILLS_A_RUN = 10
Key = tuple[object, ...]
pytestmark = pytest.mark.timeout(300)  # seconds; where others keep the cores busy, a run takes 50
DONE_ONCE = (
    "run_created",
    "base_recorded",
    "contract_agreed",
    "environment_found",
    "check_finished",
    "worker_ended",
    "claim_recorded",
    "round_judged",
    "decision_made",
    "delivered",
    "run_ended",
)


def key_of(event: Record) -> Key:
    """What an event is about, wherever it stands in the journal."""
    data = event["data"]
    return (event["kind"], *(data.get(name) for name in ("check", "on", "attempt", "round")))


def time_of(event: Record) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


@dataclass(frozen=True)
class Point:
    """So many seconds after this event is there, or after the start of the process for None."""

    place: int
    event: Key | None
    seconds: float


@dataclass(frozen=True)
class Undisturbed:
    """How the run goes when nobody kills it: `moments` are seconds since the process started."""

    ran: Ran
    tree: str
    keys: list[Key]
    moments: list[float]

    def at(self, moment: float) -> Point:
        """A moment of its wall time."""
        before = [place for place, when in enumerate(self.moments) if when <= moment]
        if not before:
            return Point(-1, None, moment)
        return Point(before[-1], self.keys[before[-1]], moment - self.moments[before[-1]])

    def after_event(self, place: int) -> Point:
        """As soon as an event has been printed."""
        return Point(place, self.keys[place], 0.0)

    def points(self, chance: random.Random, count: int) -> list[Point]:
        """Half of them spread over its wall time, half right after an event."""
        wall = self.moments[-1]
        strata = [(number + chance.random()) / count * 2 for number in range(count // 2)]
        spread = [self.at(stratum * wall) for stratum in strata]
        events = [self.after_event(chance.randrange(len(self.keys))) for _ in range(count // 2)]
        return spread + events


@dataclass(frozen=True)
class Task:
    """Two rounds: the first is refuted, the second verified. All its processes bear the marker."""

    pa: Pa
    marker: str
    arguments: tuple[str, ...]


def new_task(folder: Path) -> Task:
    marker = f"marked{secrets.token_hex(6)}"
    pa = new_pa(folder / marker, CALC)
    worker = pa.worker(f"""
    marker={marker} sleep 0.3
    if [ "$AGENTPROXY_ROUND" = 1 ]; then {BREAK_DOUBLE}; {MEND}; exit 0; fi
    sed -i 's/a \\* 3/a * 2/' calc.py
    """)
    check = f"python -m pytest -q -k 'not {marker}'"
    order = ("--output", "json", "--worker", worker, "--check", check, "Make it right")
    return Task(pa, marker, order)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    task = new_task(tmp_path_factory.mktemp("undisturbed"))
    life = Life(task.pa, *task.arguments)
    ran = life.end()
    assert [judged["verdict"] for judged in ran.of_kind("round_judged")] == ["refuted", "verified"]
    generic = [replace_marker(key_of(event), task.marker, "") for event in life.events]
    return Undisturbed(
        ran=ran,
        tree=delivered_tree(task, ran),
        keys=generic,
        moments=[time_of(event) - life.began for event in life.events],
    )


def replace_marker(key: Key, marker: str, by: str) -> Key:
    return tuple(part.replace(marker, by) if isinstance(part, str) else part for part in key)


def delivered_tree(task: Task, ran: Ran) -> str:
    return task.pa.git("rev-parse", f"{ran.result['branch']}^{{tree}}")


@dataclass
class Story:
    """A run that is killed and resumed: what was acknowledged so far, and what it cost."""

    task: Task
    run: str
    acknowledged: dict[int, Record]
    kills: int
    delays: list[float]

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
        if point.event is not None:
            wanted = point.event
            marker = self.task.marker
            if not life.sees(lambda it: "seq" in it and _same(it, wanted, marker)):
                return False
        deadline = time.monotonic() + point.seconds
        while time.monotonic() < deadline and life.process.poll() is None:
            time.sleep(0.002)
        return life.process.poll() is None

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


def kill_and_resume(folder: Path, points: Sequence[Point], undisturbed: Undisturbed) -> Story:
    """Kill a run at all these points, one after the other; then let it come to its end."""
    story = Story(new_task(folder), run="", acknowledged={}, kills=0, delays=[])
    ran = None
    for point in sorted(points, key=lambda it: (it.place, it.seconds)):
        ran = story.live(point)
        if ran is not None:
            break
    again = story.live(None)
    final = again if ran is None else ran
    assert final is not None
    whole = story.live(None)
    assert whole is not None
    assert len(whole.records) == len(story.acknowledged) + 1
    nothing_was_done_twice(list(story.acknowledged.values()), kills=story.kills)
    assert ending(story.task, whole) == ending(story.task, final)
    expected = undisturbed.ran
    assert (final.code, final.result["verdict"]) == (expected.code, expected.result["verdict"])
    assert final.result["rounds"] == expected.result["rounds"]
    assert delivered_tree(story.task, final) == undisturbed.tree
    assert story.task.pa("evidence", story.run, "--verify").code == 0
    return story


def ending(task: Task, ran: Ran) -> tuple[object, ...]:
    return (ran.code, ran.result["verdict"], ran.result["reason"], delivered_tree(task, ran))


def nothing_was_done_twice(events: Sequence[Record], *, kills: int) -> None:
    counts = Counter(key_of(event) for event in events)
    assert {key: n for key, n in counts.items() if key[0] in DONE_ONCE and n > 1} == {}
    assert max(n for key, n in counts.items() if key[0].endswith("_started")) <= kills + 1  # type: ignore[union-attr]
    finished: set[Key] = set()
    for event in events:
        kind, *about = key_of(event)
        if kind in ("check_started", "worker_started"):
            assert (kind, *about) not in finished, "what had finished began again"
        if kind == "check_finished":
            finished.add(("check_started", *about))
        if kind == "worker_ended":
            finished.add(("worker_started", *about))


def bare_start() -> float:
    """Seconds that an interpreter takes to do nothing here and now."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.monotonic() - began


def kill_series(
    folder: Path, undisturbed: Undisturbed, *, seed: int, runs: int, kills_a_run: int
) -> list[Story]:
    """Several runs, each killed at points of its own: every runs-th of all of them."""
    sys.stdout.write(f"seed {seed}\n")
    points = undisturbed.points(random.Random(seed), runs * kills_a_run)
    points.sort(key=lambda it: (it.place, it.seconds))
    stories = [
        kill_and_resume(folder / str(number), points[number::runs], undisturbed)
        for number in range(runs)
    ]
    kills = sum(story.kills for story in stories)
    delays = [delay for story in stories for delay in story.delays]
    sys.stdout.write(f"{kills} kills at {len(points)} points; ")
    ratio = max(delays, default=0.0) / bare_start()
    sys.stdout.write(f"slowest resume {max(delays, default=0.0):.2f} s, {ratio:.0f}x python\n")
    assert kills >= len(points) * 3 // 4
    return stories


def test_a_run_that_is_killed_three_times_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, undisturbed: Undisturbed
) -> None:
    kill_series(tmp_path, undisturbed, seed=SEED, runs=1, kills_a_run=3)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_kill_9_at_fifty_points_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, undisturbed: Undisturbed, part: int
) -> None:
    kill_series(tmp_path, undisturbed, seed=SEED + 1 + part, runs=1, kills_a_run=KILLS_A_RUN)
