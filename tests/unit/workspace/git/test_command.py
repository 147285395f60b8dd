"""Running git: its limits, its end, and what it inherits."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from support.repositories import run

from agentproxy.workspace.git.command import GitError, GitLocation, git


def stub(folder: Path, script: str) -> GitLocation:
    """A program named git, to see what happens around it."""
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return GitLocation(cwd=folder, env={"PATH": f"{folder}:/usr/bin:/bin"})


@pytest.fixture
def found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def gone(pid: int, *, tries: int = 100) -> bool:
    """Whether no process of that number works any more, soon: it may be on its way out."""
    if tries and not _ended(pid):
        time.sleep(0.02)
        return gone(pid, tries=tries - 1)
    return _ended(pid)


def _ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in ("Z", "X")


def test_a_failure_says_what_git_said() -> None:
    with pytest.raises(GitError) as caught:
        run(git("rev-parse", "--verify", "nothing", where=GitLocation(cwd=Path("/"))))
    assert caught.value.exit_code == 128
    assert "rev-parse" in str(caught.value)


def test_too_much_time_ends_the_whole_group(found_first: Path) -> None:
    where = stub(found_first, f"sleep 60 & echo $! >{found_first}/pid; wait")
    with pytest.raises(GitError, match="took more than"):
        run(git("status", where=where, timeout=0.5))
    assert gone(int((found_first / "pid").read_text()))


def test_of_much_output_only_the_beginning_is_taken_where_that_is_enough(found_first: Path) -> None:
    where = stub(found_first, f"echo $$ >{found_first}/pid; exec yes")
    assert run(git("status", where=where, limit=5)) == b"y\ny\ny"
    assert gone(int((found_first / "pid").read_text()))


def test_what_fits_into_a_limit_is_whole_and_a_failure_stays_one(found_first: Path) -> None:
    assert run(git("status", where=stub(found_first, "printf abc"), limit=3)) == b"abc"
    with pytest.raises(GitError) as caught:
        run(git("status", where=stub(found_first, "printf abc; exit 3"), limit=3))
    assert caught.value.exit_code == 3


def test_cancelling_ends_the_whole_group(found_first: Path) -> None:
    where = stub(found_first, f"sleep 60 & echo $! >{found_first}/pid; wait")

    async def cancel() -> None:
        task = asyncio.create_task(git("status", where=where))
        while not (found_first / "pid").exists() or not (found_first / "pid").read_text():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel())
    assert gone(int((found_first / "pid").read_text()))


def test_who_prints_and_is_cancelled_is_gone_although_nobody_reads_it_to_its_end(
    found_first: Path,
) -> None:
    where = stub(found_first, f"echo $$ >{found_first}/pid; exec yes")

    async def cancel() -> None:
        task = asyncio.create_task(git("status", where=where))
        while not (found_first / "pid").exists() or not (found_first / "pid").read_text():
            await asyncio.sleep(0.02)
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task

    for _ in range(5):
        run(cancel())
    assert gone(int((found_first / "pid").read_text()))


def test_nothing_of_the_environment_is_inherited_but_an_absolute_path(
    found_first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/evil")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "evil")
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    monkeypatch.setenv("SECRET", "evil")
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}:relative")
    stub(found_first, "/usr/bin/env")
    shown = run(git("status", where=GitLocation(cwd=found_first))).decode()
    assert "evil" not in shown
    path = next(line for line in shown.splitlines() if line.startswith("PATH="))
    assert all(entry.startswith("/") for entry in path.removeprefix("PATH=").split(":"))


def test_input_that_is_not_read_and_output_that_is_large_block_nothing(found_first: Path) -> None:
    where = stub(found_first, "head -c 3000000 /dev/zero; exit 0")
    assert len(run(git("status", where=where, stdin=b"x" * 3_000_000))) == 3_000_000
