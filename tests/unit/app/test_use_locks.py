"""Locks by which processes see who uses which workspace."""

import subprocess
import sys
from pathlib import Path

from agentproxy.app.chat.use_locks import FILE, UseLocks

HOLDS = """
import sys
from pathlib import Path
from agentproxy.app.chat.use_locks import UseLocks

locks = UseLocks()
locks.open(Path(sys.argv[1]))
assert locks.share(Path(sys.argv[1]) / "a")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_workspace_that_another_process_uses_is_not_owned_and_a_killed_one_uses_nothing(
    tmp_path: Path,
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        mine = UseLocks()
        mine.open(tmp_path)
        assert mine.share(tmp_path / "a")  # any number may use it
        mine.release(tmp_path / "a")
        assert not mine.own(tmp_path / "a")
        assert mine.own(tmp_path / "b")
        assert mine.own(tmp_path)
    finally:
        other.kill()
        other.communicate()
    assert mine.own(tmp_path / "a")
    mine.close()


def test_many_workspaces_need_one_file(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    locks = UseLocks()
    locks.open(tmp_path)
    assert all(locks.share(tmp_path / str(number)) for number in range(5000))
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 1
    locks.close()
    assert not locks.is_open


def test_where_the_file_cannot_be_made_nothing_is_locked(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir(parents=True)
    locks = UseLocks()
    locks.open(tmp_path)
    assert not locks.is_open
