"""Checks run side by side, as many as there are jobs; what conflicts runs alone."""

import json
import os
import time
from pathlib import Path

from support.front_door import Pa, Ran
from support.projects import MEND, NOTHING_DISCOVERED, PYTEST

SLOW = "sleep 0.7; grep -q 'a + b' calc.py"


def most_at_once(ran: Ran) -> int:
    """How many checks were under way at the same time."""
    now = most = 0
    for record in ran.records:
        now += {"check_started": 1, "check_finished": -1}.get(record["kind"], 0)
        most = max(most, now)
    return most


def test_base_and_claim_are_checked_side_by_side(pa: Pa) -> None:
    ran = pa.task("--check", SLOW, worker=MEND, env={"AGENTPROXY_JOBS": "2"})
    assert (ran.code, most_at_once(ran)) == (0, 2)


def test_with_one_job_they_run_one_after_another(pa: Pa) -> None:
    ran = pa.task("--check", SLOW, worker=MEND, env={"AGENTPROXY_JOBS": "1"})
    assert (ran.code, most_at_once(ran)) == (0, 1)


def test_what_may_refute_runs_again_alone(pa: Pa) -> None:
    ran = pa.task(
        "--check", SLOW, "--max-rounds", "1", worker="echo >>calc.py", env={"AGENTPROXY_JOBS": "2"}
    )
    assert ran.code == 1
    again = [each for each in ran.records if each.get("data", {}).get("attempt") == 2]
    assert [each["kind"] for each in again] == ["check_started", "check_finished"] * 2


def test_what_took_long_at_the_base_may_take_longer_at_the_claim_beside_it(pa: Pa) -> None:
    slow = "if grep -q 'a + b' calc.py; then sleep 2.3; else sleep 1; exit 1; fi"
    settings = f'command = "{slow}"\nrole = "acceptance"\ntimeout = "2s"'
    pa.write({"agentproxy.toml": f"[checks.slow]\n{settings}\n"})
    pa.commit()
    ran = pa.task("--max-rounds", "1", worker=MEND, env={"AGENTPROXY_JOBS": "2"})
    assert (most_at_once(ran), ran.code) == (2, 0), ran.finding("slow")


FEATURE = """printf '\\n\\ndef sub(a, b):\\n    return a - b\\n' >>calc.py
printf 'from calc import sub\\n\\n\\ndef test_sub():\\n    assert sub(5, 3) == 2\\n' >test_sub.py
"""
# An old test that ends on the claim when the user's file is there.
HELD = """import time
from pathlib import Path

import calc
import pytest


@pytest.mark.parametrize("name", {names})
def test_held(name):
    end = time.monotonic() + 60
    while hasattr(calc, "sub") and not Path({go!r}).exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert name
"""


def trials_of_a_held_claim(pa: Pa, go: Path, *, names: str) -> list[list[str]]:
    """What the trials of a feature left out. Something ran while its own check was held."""
    go.parent.mkdir()
    held = HELD.format(names=names, go=str(go))
    pa.write({"calc.py": "def add(a, b):\n    return a + b\n", "test_held.py": held})
    pa.write(NOTHING_DISCOVERED)
    pa.commit()
    words = ["-o", "json", "--worker", pa.worker(FEATURE), "--max-rounds", "1", "--check", PYTEST]
    path = f"{pa.environment()['PATH']}{os.pathsep}{go.parent}"
    lines: list[str] = []
    seen: list[tuple[int, int]] = []
    with pa.start(*words, "Make it right", env={"AGENTPROXY_JOBS": "2", "PATH": path}) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            record = json.loads(line)
            # The check of the base has ended, and the one of the claim is held.
            if record["kind"] == "effect_started" and record.get("cause") == "examine:1":
                seen.append(under_way(pa))
            if record["kind"] == "claim_examined":
                seen.append(under_way(pa))
                go.touch()
    assert process.returncode == 0, lines[-1]
    assert seen[0] != seen[1]
    done = Ran(0, "".join(lines), "").of_kind("check_finished")
    return [each["result"]["left_out"] for each in done if each["on"] in ("without:1", "stub:1")]


def under_way(pa: Pa) -> tuple[int, int]:
    """How many checks are under way, at least one, and when that last changed."""
    # Each has a folder for its reports.
    folder = next(iter(pa.home.glob("runs/*/reports")))
    end = time.monotonic() + 60
    while not any(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.01)
    return len(list(folder.iterdir())), folder.stat().st_mtime_ns


def test_a_claims_tests_run_on_its_variants_while_its_check_still_runs(
    pa: Pa, tmp_path: Path
) -> None:
    left_out = trials_of_a_held_claim(pa, tmp_path / "signals" / "go", names="['old']")
    assert left_out == [["test_held.py"]] * 2


def test_they_run_again_where_the_claim_brings_tests_to_a_file_that_it_does_not_change(
    pa: Pa, tmp_path: Path
) -> None:
    names = "[name for name in dir(calc) if name[0] != '_']"
    left_out = trials_of_a_held_claim(pa, tmp_path / "signals" / "go", names=names)
    assert left_out == [[]] * 2
