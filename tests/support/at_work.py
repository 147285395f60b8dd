"""Runs whose checks take no time, caught while their worker is at work."""

import json
import os
import time
from pathlib import Path

from support.front_door import Pa, Ran, new_pa
from support.life import Life, of_kind

MEND = "echo right > answer.txt"
SLOW_ONCE = f'if [ "$again" ]; then {MEND}; exit 0; fi; sleep 60'  # `at_work` sets it


def quick_pa(tmp_path: Path) -> Pa:
    """`pa` with a project that takes no time to check."""
    return new_pa(
        tmp_path / f"front-{os.getpid()}-{time.monotonic_ns()}", {"answer.txt": "wrong\n"}
    )


def ordered(worker: str) -> tuple[str, ...]:
    return ("-o", "json", "--worker", worker, "--check", "grep -q right answer.txt", "Be right")


def order(pa: Pa, script: str) -> tuple[str, ...]:
    return ordered(pa.worker(script))


def scripted(pa: Pa, *steps: dict[str, object]) -> tuple[str, ...]:
    path = pa.scripts / "script.json"
    path.write_text(json.dumps([steps]))
    return ordered(f"scripted:{path}")


def at_work(pa: Pa, script: str) -> tuple[Life, str]:
    """A process whose worker is at work and knows it, and its run."""
    begins = "[ ! -f $HOME/began ] || again=1; touch $HOME/began"
    life = Life(pa, *order(pa, f"{begins}; {script}"))
    assert life.sees(of_kind("process_started"))
    deadline = time.monotonic() + 20
    while not list(pa.home.glob("runs/*/home/began")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return life, str(life.events[0]["run"])


def resumed(pa: Pa, run: str, *arguments: str) -> Ran:
    """The run after it has gone on; its events have no gap."""
    ran = pa("resume", run, "-o", "json", *arguments)
    seqs = [record["seq"] for record in ran.records if "seq" in record]
    assert seqs == list(range(1, len(seqs) + 1))
    return ran


def is_verified(ran: Ran) -> bool:
    return (ran.code, ran.result["verdict"]) == (0, "verified")


def marker(pa: Pa) -> str:
    """What stands in the command line, environment or folder of all that a run starts."""
    return str(pa.project.parent)


def is_refused(ran: Ran) -> bool:
    """Ended with a sentence and what to do."""
    return ran.code == 2 and ran.err.startswith("pa: run ") and "pa show" in ran.err
