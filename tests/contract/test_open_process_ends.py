"""How an open job ends, and that nothing of it is left: one suite over every sandbox."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.boxes import box as box
from support.boxes import talk
from support.jobs import daemons, living, marker, shell

from agentproxy.workspace.sandbox import subreaper
from agentproxy.workspace.sandbox.port import (
    Ended,
    InputClosed,
    JobLimits,
    Process,
    Sandbox,
)

MEGABYTE = 1 << 20


def test_leaving_the_context_ends_all_that_it_started(box: Sandbox) -> None:
    mark = marker()

    async def say(process: Process) -> None:
        assert await process.stdout.read_line() == b"up\n"
        assert living(mark) != []

    talk(box, shell(f"{daemons(mark)} echo up; sleep {mark}"), say)
    assert living(mark) == []


def test_cancelling_ends_all_that_it_started_before_it_goes_on(box: Sandbox) -> None:
    mark = marker()

    async def scenario() -> bool:
        up = asyncio.Event()

        async def hold() -> None:
            async with box.open(shell(f"{daemons(mark)} echo up; sleep {mark}")) as process:
                assert await process.stdout.read_line() == b"up\n"
                up.set()
                await process.stdout.read_line()

        task = asyncio.create_task(hold())
        await asyncio.wait_for(up.wait(), 30)
        assert living(mark) != []
        task.cancel()
        await asyncio.wait({task}, timeout=30)
        return task.cancelled()

    assert asyncio.run(scenario())
    assert living(mark) == []


def test_cancelling_at_any_early_moment_leaves_nobody(box: Sandbox) -> None:
    mark = marker()

    async def hold() -> None:
        async with box.open(shell(f"sleep {mark}")) as process:
            await process.wait()

    async def scenario() -> None:
        for moment in range(15):
            task = asyncio.create_task(hold())
            await asyncio.sleep(moment * 0.003)
            task.cancel()
            await asyncio.wait({task}, timeout=30)
            assert task.cancelled()

    asyncio.run(scenario())
    assert living(mark) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells when the command has started")
def test_a_command_without_isolation_can_be_ended_at_the_moment_of_its_start() -> None:
    mark = marker()
    for _ in range(20):
        argv = [sys.executable, "-I", "-S", subreaper.__file__, str(os.getpid()), "--"]
        with subprocess.Popen([*argv, "sleep", mark], stdin=subprocess.DEVNULL) as process:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            while not children.read_text():
                assert process.poll() is None
            process.terminate()
            assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert living(mark) == []


def test_its_time_limit_ends_it_and_whoever_reads_or_writes_is_told(box: Sandbox) -> None:
    mark = marker()

    async def say(process: Process) -> tuple[bytes, Ended]:
        rest = await process.stdout.read_line()
        ended = await process.wait()
        with pytest.raises(InputClosed):
            await process.stdin.write(b"x")
        return rest, ended

    job = shell(f"{daemons(mark)} sleep {mark}", limits=JobLimits(seconds=0.7))
    rest, ended = talk(box, job, say)
    assert (rest, ended.ending, ended.killed) == (b"", "timed_out", "time")
    assert ended.exit_code is None
    assert living(mark) == []


def test_the_end_of_the_command_is_the_end_of_its_daemons(box: Sandbox) -> None:
    mark = marker()
    ended = talk(box, shell(f"{daemons(mark)} exit 5"), lambda process: process.wait())
    assert (ended.exit_code, living(mark)) == (5, [])


def test_what_is_read_counts_against_the_limit_of_what_is_printed(box: Sandbox) -> None:
    async def say(process: Process) -> Ended:
        while await process.stdout.read():
            pass
        return await process.wait()

    job = shell("yes", limits=JobLimits(seconds=20, printed=8 * MEGABYTE))
    assert talk(box, job, say).killed == "output"


def test_a_signal_reaches_the_command_alone(box: Sandbox) -> None:
    async def say(process: Process) -> tuple[bytes, Ended]:
        await process.stdout.read_line()
        process.signal(signal.SIGINT)
        heard = await process.stdout.read_line()
        ended = await process.wait()
        process.signal(signal.SIGINT)
        return heard, ended

    script = "trap 'echo stopping; exit 9' INT; echo up; while :; do sleep 0.05; done"
    heard, ended = talk(box, shell(script), say)
    assert (heard, ended.exit_code, ended.killed) == (b"stopping\n", 9, "")


def test_what_is_terminated_ends_whole_and_says_that_it_was_cancelled(box: Sandbox) -> None:
    mark = marker()

    async def say(process: Process) -> Ended:
        await process.stdout.read_line()
        process.terminate()
        return await process.wait()

    ended = talk(box, shell(f"{daemons(mark)} echo up; sleep {mark}"), say)
    assert (ended.killed, living(mark)) == ("cancelled", [])


def test_the_pid_that_is_told_ends_the_job(box: Sandbox) -> None:
    mark = marker()

    async def say(process: Process) -> Ended:
        await process.stdout.read_line()
        os.kill(process.pid, signal.SIGTERM)
        return await process.wait()

    assert talk(box, shell(f"{daemons(mark)} echo up; sleep {mark}"), say).exit_code == 143
    assert living(mark) == []


HOLDER = """
import asyncio, sys
from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.sandbox.port import Job
async def hold():
    box = await choose_sandbox(sys.argv[1])
    async with box.open(Job(argv=("/bin/sh", "-c", sys.argv[2]), cwd="/tmp")) as process:
        print((await process.stdout.read_line()).decode(), flush=True)
        await process.wait()
asyncio.run(hold())
"""


@pytest.mark.parametrize("level", ["auto", "plain"])
def test_our_own_death_is_the_end_of_all_that_it_started(level: str) -> None:
    mark = marker()
    script = f"{daemons(mark)} echo up; sleep {mark}"
    command = (sys.executable, "-c", HOLDER, level, script)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        holder.kill()
        holder.wait()
    deadline = time.monotonic() + 10
    while living(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert living(mark) == []
