"""Ctrl+C and other signals: the run is parked, nobody is left behind, and it can go on."""

import asyncio
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from support.at_work import (
    MEND,
    SLOW_ONCE,
    at_work,
    is_verified,
    marker,
    order,
    quick_pa,
    resumed,
)
from support.front_door import Pa
from support.life import Life, nobody_is_left, of_kind

from agentproxy.events.commands import Interrupt
from agentproxy.events.envelope import RunId
from agentproxy.journal.sqlite.journal import SqliteJournal

pytestmark = pytest.mark.slow


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with a project that takes no time to check."""
    return quick_pa(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_park_the_run_and_leave_nobody_behind(pa: Pa, number: signal.Signals) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    life.signal(number)
    ran = life.end()
    assert (ran.code, ran.result["verdict"]) == (130, "parked")
    assert ran.of_kind("run_parked")[0]["why"] == "interrupted"
    assert nobody_is_left(marker(pa)) == []
    assert is_verified(resumed(pa, run))


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.03])
def test_a_second_and_a_third_ctrl_c_break_nothing(pa: Pa, pause: float) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    with closing(sqlite3.connect(pa.home / "journal.sqlite3", isolation_level=None)) as journal:
        journal.execute("BEGIN IMMEDIATE")  # the run cannot be parked before the last press
        for _ in range(3):
            life.signal(signal.SIGINT)
            time.sleep(pause)
        assert life.process.poll() is None
        journal.execute("ROLLBACK")
    ran = life.end()
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert len(ran.of_kind("run_parked")) == 1
    assert nobody_is_left(marker(pa)) == []
    again = resumed(pa, run)
    assert is_verified(again)
    assert again.of_kind("command_ignored") == []


def test_a_signal_that_was_ignored_from_the_start_stays_ignored(pa: Pa) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what nohup does
    try:
        life, _ = at_work(pa, f"sleep 1; {MEND}")
    finally:
        signal.signal(signal.SIGHUP, before)
    life.signal(signal.SIGHUP)
    assert is_verified(life.end())


def test_an_interrupt_that_comes_after_the_end_changes_nothing(pa: Pa) -> None:
    run = str(pa(*order(pa, MEND)).result["run"])

    async def interrupt() -> None:
        journal = SqliteJournal(pa.home / "journal.sqlite3")
        await journal.submit(RunId(run), Interrupt())
        await journal.close()

    asyncio.run(interrupt())
    again = resumed(pa, run)
    assert is_verified(again)
    assert again.of_kind("run_parked") == []
    assert again.of_kind("command_ignored") == [
        {"command": "interrupt", "reason": "the run is over"}
    ]


def test_ctrl_c_right_after_a_run_was_made_parks_it(pa: Pa) -> None:
    life = Life(pa, *order(pa, MEND))
    assert life.sees(of_kind("run_created"))
    life.signal(signal.SIGINT)
    ran = life.end()
    assert ran.code == 130
    assert is_verified(resumed(pa, str(ran.result["run"])))


def test_an_interrupt_of_a_segment_that_is_over_does_not_park_the_next(pa: Pa) -> None:
    life, run = at_work(pa, SLOW_ONCE)
    life.kill()

    async def interrupt() -> None:
        journal = SqliteJournal(pa.home / "journal.sqlite3")
        await journal.submit(RunId(run), Interrupt(generation=1))
        await journal.close()

    asyncio.run(interrupt())
    assert is_verified(resumed(pa, run))


def test_ctrl_c_before_there_is_a_run_ends_with_130_and_one_line(pa: Pa) -> None:
    life = Life(pa, *order(pa, SLOW_ONCE))
    while not pa.home.exists() and life.process.poll() is None:
        time.sleep(0.005)
    life.signal(signal.SIGINT)
    ran = life.end()
    assert (ran.code, ran.err) == (130, "pa: interrupted\n")
    error = {"kind": "error", "message": "interrupted", "cure": "", "exit_code": 130}
    assert ran.records == [error]


def test_temporary_folders_of_a_killed_run_are_gone_once_it_has_gone_on(pa: Pa) -> None:
    temporary = pa.scripts / "tmp"
    temporary.mkdir()
    pa.env["TMPDIR"] = str(temporary)
    life, run = at_work(pa, SLOW_ONCE)
    (own,) = (pa.home / "tmp").iterdir()
    (own / "agentproxy-git-x").mkdir()
    life.kill()
    assert is_verified(resumed(pa, run))
    assert list((pa.home / "tmp").iterdir()) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("after", [0.0, 0.03, 0.06, 0.1, 0.2, 0.3])
def test_a_signal_while_pa_is_still_starting_ends_it_with_130_and_one_line(
    pa: Pa, number: signal.Signals, after: float
) -> None:
    process = pa.start(*order(pa, "sleep 60"))
    wait_until_heeded(process.pid)
    time.sleep(after)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert err in ("", "pa: interrupted\n")
    assert err or '"run_parked"' in out
    assert nobody_is_left(marker(pa)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_look_is_starting_ends_it_with_130_and_one_line(
    pa: Pa, number: signal.Signals
) -> None:
    process = pa.start("list")
    wait_until_heeded(process.pid)
    process.send_signal(number)
    assert process.communicate(timeout=60) == ("", "pa: interrupted\n")
    assert process.returncode == 130


def wait_until_heeded(pid: int) -> None:
    """Wait until a process has a handler for SIGTERM; before that the kernel ends it."""
    deadline = time.monotonic() + 20
    while True:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        caught = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        assert time.monotonic() < deadline
        time.sleep(0.001)
