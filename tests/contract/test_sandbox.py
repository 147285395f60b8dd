"""What every sandbox promises about a job: one suite over all of them."""

import asyncio
import hashlib
import os
import time
from pathlib import Path
from typing import Literal

import pytest
from support.jobs import daemons, living, marker, open_descriptors, resident, shell

from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.sandbox.port import Ended, Job, JobLimits, OnOutput, Sandbox, SandboxError

MEGABYTE = 1 << 20


@pytest.fixture(params=["auto", "plain"])
def box(request: pytest.FixtureRequest) -> Sandbox:
    level: Literal["auto", "plain"] = request.param
    return asyncio.run(choose_sandbox(level))


def run(box: Sandbox, job: Job, *, on_output: OnOutput | None = None) -> Ended:
    return asyncio.run(box.run(job, on_output=on_output))


@pytest.mark.parametrize(
    ("script", "code"),
    [("true", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -15 $$", 143), ("nowhere", 127)],
)
def test_the_exit_code_is_the_commands_own(box: Sandbox, script: str, code: int) -> None:
    ended = run(box, shell(script))
    assert (ended.ending, ended.exit_code, ended.killed) == ("exited", code, "")


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126)])
def test_what_cannot_be_executed_ends_as_in_a_shell(box: Sandbox, program: str, code: int) -> None:
    assert run(box, Job(argv=(program,), cwd="/tmp")).exit_code == code


def test_both_streams_are_kept_counted_and_hashed(box: Sandbox) -> None:
    ended = run(box, shell("echo out; echo err >&2; printf '\\377'"))
    assert ended.output == "out\nerr\n\ufffd"
    assert ended.output_bytes == 9
    assert ended.digest == hashlib.sha256(b"out\nerr\n\xff").hexdigest()


def test_output_is_heard_as_it_comes(box: Sandbox) -> None:
    heard: list[bytes] = []
    run(box, shell("echo one; sleep 0.7; echo two"), on_output=heard.append)
    assert heard == [b"one\n", b"two\n"]


def test_who_prints_without_end_is_killed_and_little_is_kept(box: Sandbox) -> None:
    ended = run(
        box, shell("yes", limits=JobLimits(seconds=20, printed=8 * MEGABYTE, kept_output=4096))
    )
    assert ended.killed == "output"
    assert ended.output_bytes > 8 * MEGABYTE
    assert len(ended.output) < 4300
    assert "left out" in ended.output


def test_a_line_of_300_megabytes_costs_no_memory(box: Sandbox) -> None:
    size = 300 * MEGABYTE
    limits = JobLimits(seconds=60, printed=2 * size, kept_output=65536)
    before = resident()
    ended = run(box, shell(f"head -c {size} /dev/zero", limits=limits))
    assert (ended.output_bytes, ended.killed) == (size, "")
    assert len(ended.output) < 66000
    assert resident() - before < 24 * MEGABYTE


def test_the_time_limit_leaves_no_daemon_behind(box: Sandbox) -> None:
    mark = marker()
    ended = run(box, shell(f"{daemons(mark)} sleep {mark}", limits=JobLimits(seconds=0.7)))
    assert (ended.ending, ended.killed, ended.exit_code) == ("timed_out", "time", None)
    assert 0.7 <= ended.seconds < 5
    assert living(mark) == []


@pytest.mark.parametrize(("in_all", "killed"), [(60.0, ""), (0.4, "time"), (0.0, "time")])
def test_whoever_may_extend_the_time_limit_is_asked_once_it_is_over(
    box: Sandbox, in_all: float, killed: str
) -> None:
    asked: list[float] = []

    async def extended() -> float:
        asked.append(in_all)
        return in_all

    limits = JobLimits(seconds=0.3, extended=extended)
    assert run(box, shell("sleep 1.2", limits=limits)).killed == killed
    assert run(box, shell("true", limits=JobLimits(extended=extended))).exit_code == 0
    assert asked == [in_all]


def test_the_end_of_the_command_is_the_end_of_its_daemons(box: Sandbox) -> None:
    mark = marker()
    ended = run(box, shell(f"{daemons(mark)} echo done"))
    assert (ended.exit_code, ended.output) == (0, "done\n")
    assert living(mark) == []


def test_a_daemon_that_keeps_the_pipe_keeps_nobody_waiting(box: Sandbox) -> None:
    mark = marker()
    ended = run(box, shell(f"setsid sleep {mark} & echo gone", limits=JobLimits(seconds=20)))
    assert ended.output == "gone\n"
    assert ended.seconds < 5


def test_cancelling_kills_everything_before_it_goes_on(box: Sandbox) -> None:
    mark = marker()

    async def scenario() -> bool:
        up = asyncio.Event()
        job = shell(f"{daemons(mark)} echo up; sleep {mark}")
        task = asyncio.create_task(box.run(job, on_output=lambda _: up.set()))
        await asyncio.wait_for(up.wait(), 10)
        assert living(mark) != []
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        return task.cancelled()

    assert asyncio.run(scenario())
    assert living(mark) == []


def test_cancelling_at_any_early_moment_leaves_nobody(box: Sandbox) -> None:
    mark = marker()

    async def scenario() -> None:
        for moment in range(20):
            task = asyncio.create_task(box.run(shell(f"sleep {mark}")))
            await asyncio.sleep(moment * 0.002)
            task.cancel()
            await asyncio.wait({task}, timeout=10)
            assert task.cancelled()

    asyncio.run(scenario())
    assert living(mark) == []


def test_input_is_given_whole_and_closed(box: Sandbox) -> None:
    text = b"0123456789abcdef" * 200_000
    ended = run(box, shell("cat", stdin=text))
    assert ended.output_bytes == len(text)
    assert ended.digest == hashlib.sha256(text).hexdigest()


def test_input_that_nobody_reads_blocks_nobody(box: Sandbox) -> None:
    ended = run(box, shell("exec 0<&-; echo done", stdin=b"x" * 4 * MEGABYTE))
    assert (ended.exit_code, ended.output) == (0, "done\n")
    assert ended.seconds < 5


def test_no_input_is_an_empty_input(box: Sandbox) -> None:
    assert run(box, shell("cat; echo end")).output == "end\n"


def test_the_environment_is_ours_and_the_jobs(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "do-not-tell")
    job = Job(argv=("/usr/bin/env",), cwd="/tmp", env={"GIVEN": "yes", "LANG": "C"})
    told = dict(line.split("=", 1) for line in run(box, job).output.splitlines())
    assert told["GIVEN"] == "yes"
    assert told["LANG"] == "C"
    assert "SECRET_OF_OURS" not in told
    assert told["HOME"] != str(Path.home())


def test_a_home_of_the_jobs_is_kept_and_none_is_thrown_away(box: Sandbox, tmp_path: Path) -> None:
    argv = ("/bin/sh", "-c", 'echo kept > "$HOME/file"; chmod 000 "$HOME/file"; mkdir "$HOME/d"')
    assert run(box, Job(argv=argv, cwd="/tmp", home=tmp_path)).exit_code == 0
    assert (tmp_path / "file").exists()
    ended = run(box, Job(argv=(*argv[:2], f"{argv[2]}; echo $HOME"), cwd="/tmp"))
    assert ended.exit_code == 0
    assert not Path(ended.output.strip()).exists()


def test_a_folder_that_is_not_there_is_our_failure_not_the_commands(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match="nowhere"):
        run(box, Job(argv=("true",), cwd="/nowhere"))


@pytest.mark.parametrize(
    "job",
    [
        Job(argv=("echo", "a\0b"), cwd="/tmp"),
        Job(argv=("true",), cwd="/tmp", env={"A": "b\0--bind\0/\0/"}),
    ],
)
def test_a_nul_cannot_smuggle_an_option_in(box: Sandbox, job: Job) -> None:
    with pytest.raises(SandboxError):
        run(box, job)


def test_the_pid_that_is_told_ends_the_job(box: Sandbox) -> None:
    mark = marker()

    async def scenario() -> Ended:
        pids: list[int] = []
        up = asyncio.Event()
        task = asyncio.create_task(
            box.run(
                shell(f"echo up; sleep {mark}"),
                on_output=lambda _: up.set(),
                on_start=pids.append,
            )
        )
        await asyncio.wait_for(up.wait(), 10)
        os.kill(pids[0], 15)
        return await asyncio.wait_for(task, 15)

    begun = time.monotonic()
    assert asyncio.run(scenario()).exit_code == 143
    assert time.monotonic() - begun < 10
    assert living(mark) == []


def test_a_file_may_not_grow_over_its_limit(box: Sandbox) -> None:
    limits = JobLimits(seconds=20, file_size=MEGABYTE)
    ended = run(box, shell('head -c 3M /dev/zero > "$TMPDIR/big"', limits=limits))
    assert ended.exit_code != 0


def test_memory_of_one_process_is_bounded_on_request(box: Sandbox) -> None:
    script = "python3 -c 'bytearray(1 << 28)'"
    assert run(box, shell(script)).exit_code == 0
    assert run(box, shell(script, limits=JobLimits(seconds=20, memory=1 << 28))).exit_code == 1


def test_many_jobs_run_at_the_same_time(box: Sandbox) -> None:
    async def scenario() -> list[Ended]:
        return await asyncio.gather(*(box.run(shell(f"echo {n}; exit {n}")) for n in range(12)))

    ended = asyncio.run(scenario())
    assert [each.exit_code for each in ended] == list(range(12))
    assert [each.output for each in ended] == [f"{n}\n" for n in range(12)]


def test_nothing_is_left_open(box: Sandbox) -> None:
    run(box, shell("true"))
    before = open_descriptors()
    for _ in range(5):
        run(box, shell("echo x", stdin=b"y"))
    assert open_descriptors() == before
