"""kill -9 of `pa` anywhere, then `pa resume`: nothing acknowledged is lost, nothing done twice.

One run is killed several times, at moments of an undisturbed one.
"""

import os
import random
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.front_door import Ran, Record, new_pa
from support.kills import Key, Point, Story, Task, Undisturbed, bare_start, key_of, watch
from support.projects import BREAK_DOUBLE, CALC, CHECK, MEND

SEED = int(os.environ.get("KILL_SEED", "20260101"))
KILLS_A_RUN = 10
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


def new_task(folder: Path) -> Task:
    marker = f"marked{secrets.token_hex(6)}"
    pa = new_pa(folder / marker, CALC)
    worker = pa.worker(f"""
    marker={marker} sleep 0.3
    if [ "$AGENTPROXY_ROUND" = 1 ]; then {BREAK_DOUBLE}; {MEND}; exit 0; fi
    sed -i 's/a \\* 3/a * 2/' calc.py
    """)
    check = f"sleep 0.2; {CHECK} && grep -q 'a \\* 2' calc.py # {marker}"
    order = ("--output", "json", "--worker", worker, "--check", check, "Make it right")
    return Task(pa, marker, order)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Undisturbed, str]:
    task = new_task(tmp_path_factory.mktemp("undisturbed"))
    seen = watch(task)
    verdicts = [judged["verdict"] for judged in seen.ran.of_kind("round_judged")]
    assert verdicts == ["refuted", "verified"]
    return seen, delivered_tree(task, seen.ran)


def delivered_tree(task: Task, ran: Ran) -> str:
    return task.pa.git("rev-parse", f"{ran.result['branch']}^{{tree}}")


def kill_and_resume(folder: Path, points: Sequence[Point], *, ran: Ran, tree: str) -> Story:
    """Kill a run at all these points, and see that it ends as the undisturbed one did."""
    story = Story(new_task(folder))
    final, whole = story.through(points)
    nothing_was_done_twice(story.events, kills=story.kills)
    assert ending(story.task, whole) == ending(story.task, final)
    assert (final.code, final.result["verdict"]) == (ran.code, ran.result["verdict"])
    assert final.result["rounds"] == ran.result["rounds"]
    assert delivered_tree(story.task, final) == tree
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


def kill_series(
    folder: Path, undisturbed: tuple[Undisturbed, str], *, seed: int, runs: int, kills_a_run: int
) -> list[Story]:
    """Several runs, each killed at points of its own: every runs-th of all of them."""
    sys.stdout.write(f"seed {seed}\n")
    seen, tree = undisturbed
    points = seen.points(random.Random(seed), runs * kills_a_run)
    points.sort(key=lambda it: (it.place, it.seconds))
    stories = [
        kill_and_resume(folder / str(number), points[number::runs], ran=seen.ran, tree=tree)
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
    tmp_path: Path, undisturbed: tuple[Undisturbed, str]
) -> None:
    kill_series(tmp_path, undisturbed, seed=SEED, runs=1, kills_a_run=3)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_kill_9_at_fifty_points_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, undisturbed: tuple[Undisturbed, str], part: int
) -> None:
    kill_series(tmp_path, undisturbed, seed=SEED + 1 + part, runs=1, kills_a_run=KILLS_A_RUN)
