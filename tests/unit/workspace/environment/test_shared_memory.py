"""Programs below /dev/shm are shown to jobs, and the job's own /dev/shm stays its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentproxy.workers.program import Program
from agentproxy.workspace.environment.toolchains import find_toolchains
from agentproxy.workspace.sandbox.bwrap_args import check_mounts
from agentproxy.workspace.sandbox.port import Mount

MEMORY = Path("/dev/shm")


@pytest.fixture
def tool() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", dir=MEMORY, prefix="tool-") as file:
        path = Path(file.name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def installed() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder, "bin/tool")
        path.parent.mkdir()
        path.touch(0o755)
        yield path


def shown(path: str, root: Path, *words: str) -> list[Path]:
    environ = {"PATH": path, "HOME": "/home/nobody"}
    folders = find_toolchains(environ, root=root, place=root, words=words).folders
    check_mounts(tuple(Mount(str(folder), "ro", folder) for folder in folders))
    return folders


def test_an_installation_there_is_shown(installed: Path, tmp_path: Path) -> None:
    assert shown(f"/usr/bin:{installed.parent}", tmp_path) == [installed.parent.parent]


def test_the_folder_itself_is_the_jobs_own(tmp_path: Path) -> None:
    assert shown(f"/usr/bin:{MEMORY}", tmp_path) == []


def test_a_program_that_lies_there_is_shown_alone(tool: Path, tmp_path: Path) -> None:
    assert shown(f"/usr/bin:{MEMORY}", tmp_path, tool.name) == [tool]
    assert shown("/usr/bin", tmp_path, str(tool)) == [tool]


def test_so_is_a_workers_program(tool: Path, tmp_path: Path) -> None:
    program = Program.parse(str(tool), started_in=tmp_path, environ={"PATH": "/usr/bin"})
    mounts = program.inside(tmp_path, tree=tmp_path).mounts
    assert [mount.at for mount in mounts] == [str(tool)]
    check_mounts(mounts)
