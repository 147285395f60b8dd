"""Whoever reads may go: the exit code stays the command's own, and nothing is complained of."""

import os
import subprocess
import sys

import pytest
from support.front_door import Pa
from support.projects import MEND

pytestmark = pytest.mark.slow

GREP = "grep -q 'a + b' calc.py"


def unread(pa: Pa, *arguments: str) -> tuple[int, str]:
    """A call of `pa` whose output nobody reads: its exit code, and what it said of that."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "agentproxy", *arguments],
        cwd=pa.project,
        env=pa.environment(),
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    return done.returncode, done.stderr


def quick(pa: Pa) -> None:
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit()


def test_a_look_that_nobody_reads_ends_as_it_would(pa: Pa) -> None:
    assert unread(pa, "list") == (0, "")
    quick(pa)
    run = pa.task("--check", GREP, worker=MEND).result["run"]
    for words in (["list"], ["show", run], ["evidence", run, "--verify"], ["apply", run]):
        assert unread(pa, *words) == (0, ""), words
    next((pa.home / "runs" / run / "evidence").iterdir()).unlink()
    assert unread(pa, "evidence", run, "--verify") == (1, "")


@pytest.mark.parametrize("output", ["plain", "json"])
def test_a_run_that_nobody_reads_ends_with_its_own_verdict(pa: Pa, output: str) -> None:
    quick(pa)
    worker = pa.worker(MEND)
    assert unread(pa, "-o", output, "--worker", worker, "--check", GREP, "Fix") == (0, "")
    refused = ["--max-rounds", "1", "--worker", "command:true", "--check", "false", "Fix"]
    assert unread(pa, "-o", output, *refused) == (1, "")


def test_help_that_nobody_reads_ends_with_0(pa: Pa) -> None:
    assert unread(pa, "--help") == (0, "")
    assert unread(pa, "--version") == (0, "")
