"""A run has one owner at a time; everybody else watches, submits, or takes over when it is gone."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
from support.at_work import (
    MEND,
    SLOW_ONCE,
    at_work,
    is_refused,
    is_verified,
    marker,
    order,
    quick_pa,
    resumed,
    scripted,
)
from support.front_door import Pa, Ran, Record
from support.life import Life, nobody_is_left, of_kind

from agentproxy.events.envelope import RunId
from agentproxy.journal.port import Holder, Lease
from agentproxy.journal.sqlite.journal import SqliteJournal
from agentproxy.workspace.sandbox.processes import machine_and_boot

pytestmark = pytest.mark.slow

RIGHT: dict[str, object] = {"do": "write", "path": "answer.txt", "text": "right\n"}
GONE = Holder(pid=4_000_000, started=1, machine=machine_and_boot())


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with a project that takes no time to check."""
    return quick_pa(tmp_path)


def test_resume_while_the_owner_lives_is_refused_and_says_who_it_is_and_what_to_do(pa: Pa) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    refused = pa("resume", run)
    assert is_refused(refused)
    assert f"process {life.process.pid}" in refused.err
    assert "pa stop" in refused.err
    life.kill()
    assert nobody_is_left(marker(pa)) == []
    again = resumed(pa, run)
    assert is_verified(again)
    assert [it["again"] for it in again.of_kind("worker_started")] == [False, True]


def test_a_refused_resume_with_more_time_still_reaches_the_owner(pa: Pa) -> None:
    life, run = at_work(pa, f"sleep 2; {MEND}")
    refused = pa("resume", run, "--max-time", "77m")
    assert is_refused(refused)
    ran = life.end()
    assert ran.of_kind("ceiling_raised") == [{"max_time": 77 * 60, "budget": None}]
    assert is_verified(ran)


def test_of_two_that_resume_at_once_exactly_one_goes_on(pa: Pa) -> None:
    life, run = at_work(pa, f"sleep 3; {MEND}")
    life.kill()
    both = [Life(pa, "resume", run, "-o", "json") for _ in range(2)]
    ends = sorted((life.end() for life in both), key=lambda ran: ran.code)
    assert is_verified(ends[0])
    assert is_refused(ends[1])
    assert [record["kind"] for record in ends[1].records] == ["error"]
    assert [it["segment"] for it in ends[0].of_kind("segment_started")] == [1, 2]


def test_an_owner_that_is_paused_is_alive_and_keeps_its_run(pa: Pa) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    life.pause(pa.home / "journal.sqlite3")
    try:
        assert is_refused(pa("resume", run))
    finally:
        life.kill()
    assert is_verified(resumed(pa, run))


def take_by_force(pa: Pa, run: str) -> None:
    """What no command does: another machine, say, cannot see that the owner is alive."""

    async def inside() -> Lease:
        journal = SqliteJournal(pa.home / "journal.sqlite3")
        lease = await journal.lease(RunId(run))
        taken = await journal.acquire(RunId(run), GONE, after=lease.generation)
        await journal.close()
        return taken

    asyncio.run(inside())


def test_an_owner_that_lost_its_run_ends_with_a_sentence_and_has_changed_nothing(pa: Pa) -> None:
    life, run = at_work(pa, f"sleep 1; {MEND}")
    life.pause(pa.home / "journal.sqlite3")
    take_by_force(pa, run)
    recorded = pa("show", run, "-o", "json").records
    before = sum(record["kind"] != "result" for record in recorded)
    life.signal(signal.SIGCONT)
    fenced = life.end()
    assert fenced.code == 2
    assert "Traceback" not in fenced.err
    assert is_refused(fenced)
    assert nobody_is_left(marker(pa)) == []
    again = resumed(pa, run)
    assert [it["segment"] for it in again.of_kind("segment_started")] == [1, 2]
    assert [record["seq"] for record in again.records if record["kind"] == "segment_started"][
        1
    ] == before + 1
    assert is_verified(again)


def test_two_runs_in_one_repository_at_once_are_both_right(pa: Pa) -> None:
    lives = [
        Life(pa, *order(pa, f"echo {name} > mine.txt; sleep 1; {MEND}")) for name in ("one", "two")
    ]
    ends = [life.end() for life in lives]
    assert [is_verified(ran) for ran in ends] == [True, True]
    said = [pa.git("show", f"{ran.result['branch']}:mine.txt") for ran in ends]
    assert said == ["one", "two"]
    assert pa.git("status", "--porcelain") == ""


def test_who_follows_from_another_process_sees_everything_to_the_end(pa: Pa) -> None:
    life, run = at_work(pa, f"sleep 2; {MEND}")
    follower = Life(pa, "show", run, "--follow", "-o", "json")
    ran, seen = life.end(), follower.end()
    assert seen.code == 0
    assert seen.records[:-1] == ran.records[:-1]
    assert seen.result["verdict"] == "verified"


def test_who_follows_a_run_whose_owner_is_killed_is_told_that_it_was_cut_off(pa: Pa) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    follower = Life(pa, "show", run, "--follow", "-o", "json")
    assert follower.sees(of_kind("process_started"))
    life.kill()
    seen = follower.end(patience=20)
    assert seen.records[:-1] == life.records
    assert (seen.result["reason"], seen.result["exit_code"]) == ("the run was cut off", 130)


@pytest.mark.parametrize(
    ("step", "command", "expected"),
    [
        ({"do": "ask", "text": "Which?", "into": "said.txt"}, ("answer", "The left one"), True),
        (
            {"do": "ask_permission", "action": "run", "subject": "git push origin"},
            ("approve",),
            True,
        ),
        (
            {"do": "ask_permission", "action": "run", "subject": "git push origin"},
            ("deny", "no"),
            False,
        ),
    ],
    ids=["answer", "approve", "deny"],
)
def test_a_decision_from_another_process_reaches_the_worker_that_waits(
    pa: Pa, step: dict[str, object], command: Sequence[str], expected: bool
) -> None:
    arguments = ("--max-rounds", "1", *scripted(pa, step, RIGHT))
    life = Life(pa, *arguments, env={"AGENTPROXY_HOLD": "60"})
    assert life.sees(of_kind("request_referred"))
    run = str(life.events[0]["run"])
    word, *rest = command
    sent = pa(word, run, *rest)
    assert (sent.code, sent.out) == (0, f"sent to run {run}\n")
    ran = life.end()
    assert ran.of_kind("run_parked") == []
    decision = ran.of_kind("request_decided")[0]["decision"]
    assert (decision["by"], decision["allowed"]) == ("human", expected)
    assert is_verified(ran) is expected


def test_stop_from_another_process_ends_the_worker_and_the_run(pa: Pa) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    assert pa("stop", run, "--reason", "enough").code == 0
    ran = life.end()
    assert (ran.code, ran.result["reason"]) == (3, "enough")
    assert nobody_is_left(marker(pa)) == []


@contextlib.contextmanager
def small_disk(at: Path, *, megabytes: int) -> Generator[Callable[[str], None]]:
    """A file system of its own in memory; what it gives mounts it anew with other options."""
    at.mkdir(parents=True)
    options = f"size={megabytes}m"
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(at)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root, where mounting is allowed")
    try:
        yield lambda word: mount_anew(at, f"{word},{options}")
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def mount_anew(at: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(at)], check=True)


def fill(folder: Path) -> Path:
    """Leave not one byte free."""
    file = folder / "filler"
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filler:
        while filler.write(b"\0" * 4096):
            pass
    return file


def are_kept(life: Life, later: Ran) -> bool:
    """Whether all that a process had told is in the journal as it was told."""
    events: list[Record] = [record for record in later.records if "seq" in record]
    return events[: len(life.events)] == life.events


@pytest.mark.parametrize("kind", ["segment_started", "contract_agreed", "process_started"])
def test_a_full_disk_ends_with_6_and_a_cure_and_loses_nothing_acknowledged(
    pa: Pa, kind: str
) -> None:
    with small_disk(pa.home, megabytes=6):
        life = Life(pa, *order(pa, f"sleep 1; {MEND}"))
        assert life.sees(of_kind(kind))
        filler = fill(pa.home)
        ran = life.end()
        assert ran.code == 6, ran
        assert "Traceback" not in ran.err
        assert "full" in ran.err + ran.out or "No space left" in ran.err + ran.out
        assert "room" in ran.err + ran.out or "free" in ran.err + ran.out
        assert nobody_is_left(marker(pa)) == []
        filler.unlink()
        again = resumed(pa, str(life.events[0]["run"]))
        assert is_verified(again)
        assert are_kept(life, again)


def test_a_disk_that_is_full_from_the_start_ends_with_6_and_a_cure(pa: Pa) -> None:
    with small_disk(pa.home, megabytes=1):
        fill(pa.home)
        ran = pa(*order(pa, MEND))
    assert ran.code == 6
    assert "the disk is full" in ran.err or "make room" in ran.err


def test_a_journal_that_may_only_be_read_ends_with_6_and_a_cure(pa: Pa) -> None:
    with small_disk(pa.home, megabytes=6) as mounted:
        run = str(pa(*order(pa, MEND)).result["run"])
        mounted("ro")
        refused = pa(*order(pa, MEND))
        assert refused.code == 6
        assert "permissions" in refused.err
        shown = pa("show", run)
        assert shown.code in (0, 6)


def test_a_journal_that_cannot_be_opened_ends_with_6_and_a_cure(pa: Pa) -> None:
    (pa.home / "journal.sqlite3").mkdir(parents=True)
    ran = pa(*order(pa, MEND))
    assert ran.code == 6
    assert "journal.sqlite3" in ran.err
    assert "permissions" in ran.err


def first_line(pa: Pa, *arguments: str) -> tuple[str, int, str]:
    """`pa ... | head -1`: its first line, then its exit code and what it said."""
    process = pa.start(*arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    process.stdout.close()
    with process.stderr as stderr:
        code = process.wait(60)
        return line, code, stderr.read()


def test_nobody_reading_any_more_neither_hangs_the_run_nor_spoils_its_record(pa: Pa) -> None:
    line, code, err = first_line(pa, *order(pa, f"sleep 1; {MEND}"))
    run = str(json.loads(line)["run"])
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert nobody_is_left(marker(pa)) == []
    shown = pa("show", run, "-o", "json")
    assert (code, shown.result["verdict"]) == (0, "verified")


@pytest.mark.parametrize("arguments", [("show",), ("show", "--follow"), ("list",), ("evidence",)])
def test_looking_at_the_first_line_only_is_quiet(pa: Pa, arguments: Sequence[str]) -> None:
    pa(*order(pa, MEND))
    _, _, err = first_line(pa, *arguments, "-o", "json")
    assert err == ""
