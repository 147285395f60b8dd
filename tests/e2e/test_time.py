"""The time that workers have: in all rounds together, however they ended."""

import signal
import time

import pytest
from support.front_door import Pa
from support.life import Life, of_kind
from support.projects import CHECK, MEND

pytestmark = pytest.mark.slow


def begin(pa: Pa, script: str, *, seconds: int) -> tuple[Life, str]:
    """A run whose worker has so much time; it is at work when this returns."""
    limit = ("--max-time", f"{seconds}s")
    worker = pa.worker(script)
    life = Life(pa, "-o", "json", *limit, "--worker", worker, "--check", CHECK, "Mend it")
    assert life.sees(of_kind("process_started"))
    return life, str(life.events[0]["run"])


def test_a_worker_whose_time_is_up_goes_on_where_more_was_granted_meanwhile(pa: Pa) -> None:
    twice = f"if [ -e $HOME/once ]; then {MEND}; else touch $HOME/once; sleep 30; fi"
    life, run = begin(pa, twice, seconds=3)
    pa("resume", run, "--max-time", "5m")
    ran = life.end()
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.err
    assert [it["out_of_time"] for it in ran.of_kind("worker_ended")] == [True, False]


def test_the_time_of_an_attempt_that_was_cut_off_counts(pa: Pa) -> None:
    life, run = begin(pa, "sleep 30", seconds=4)
    time.sleep(2.5)
    life.signal(signal.SIGINT)
    assert life.end().code == 130
    ran = pa("resume", run, "-o", "json")
    assert ran.code == 5
    assert ran.of_kind("worker_ended")[0]["seconds"] < 3
