"""Standard streams may be closed, full, or lose their reader: no trace, and a code of the table."""

import os
import shlex
import subprocess
import sys

import pytest
from support.front_door import Pa
from support.projects import MEND

pytestmark = pytest.mark.slow

GREP = "grep -q 'a + b' calc.py"
NO_SPACE = "pa: cannot write the output: No space left on device\n"


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


def redirected(pa: Pa, redirections: str, *arguments: str) -> tuple[int, str]:
    """`pa` with redirections as a shell writes them: its exit code, and what it said of errors."""
    words = shlex.join([sys.executable, "-m", "agentproxy", *arguments])
    said = pa.scripts / "said"
    said.write_text("")
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec 2>{shlex.quote(str(said))}; {words} {redirections}"],
        cwd=pa.project,
        env=pa.environment(),
        check=False,
    )
    return done.returncode, said.read_text()


CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"]
FULL = [">/dev/full", "<&- >/dev/full", ">/dev/full 2>&-", ">/dev/full 2>/dev/full"]


def status_of_the_run(pa: Pa) -> str:
    return pa("list").out.split()[3]


@pytest.mark.parametrize("output", ["plain", "json"])
@pytest.mark.parametrize("redirections", CLOSED)
def test_a_run_whose_streams_are_closed_ends_as_it_would(
    pa: Pa, redirections: str, output: str
) -> None:
    quick(pa)
    run = ["-o", output, "--worker", pa.worker(MEND), "--check", GREP, "Fix"]
    assert redirected(pa, redirections, *run) == (0, "")
    assert status_of_the_run(pa) == "verified"


@pytest.mark.parametrize("redirections", CLOSED)
def test_a_look_whose_streams_are_closed_ends_with_0(pa: Pa, redirections: str) -> None:
    for words in (["list"], ["--help"]):
        assert redirected(pa, redirections, *words) == (0, ""), words


@pytest.mark.parametrize("output", ["plain", "json"])
@pytest.mark.parametrize("redirections", FULL)
def test_a_run_whose_output_is_full_is_finished_and_says_so_in_one_line(
    pa: Pa, redirections: str, output: str
) -> None:
    quick(pa)
    run = ["-o", output, "--worker", pa.worker(MEND), "--check", GREP, "Fix"]
    code, said = redirected(pa, redirections, *run)
    assert (code, said) == (6, "" if "2>" in redirections else NO_SPACE)
    assert status_of_the_run(pa) == "verified"


@pytest.mark.parametrize("redirections", FULL)
def test_a_look_whose_output_is_full_ends_with_6_and_one_line(pa: Pa, redirections: str) -> None:
    for words in (["list"], ["--help"]):
        said = "" if "2>" in redirections else NO_SPACE
        assert redirected(pa, redirections, *words) == (6, said), words


def test_errors_that_cannot_be_printed_leave_the_exit_code_alone(pa: Pa) -> None:
    assert redirected(pa, "2>/dev/full", "--budget", "x", "Fix") == (2, "")
    assert redirected(pa, "2>&-", "show", "nosuchrun") == (2, "")
