"""Environments and checkouts with files that no tool would write."""

import os
from pathlib import Path

import pytest
from support.repositories import write

from agentproxy.workspace.environment.editable_installs import editable_projects, linked_folders
from agentproxy.workspace.environment.other_checkouts import Copies, find_copies, project_name

SITE = "lib/python3.11/site-packages"
DEEP = "[" * 100_000
LONG = "x" * 300


@pytest.mark.parametrize(
    "record",
    [
        '{"dir_info": {"editable": true}, "url": "file://[x"}',
        f'{{"dir_info": {{"editable": true}}, "url": "file:///{LONG}"}}',
        DEEP,
    ],
    ids=["url", "long", "deep"],
)
def test_an_odd_record_of_an_installation_names_no_project(tmp_path: Path, record: str) -> None:
    write(tmp_path, {f"{SITE}/a-1.dist-info/direct_url.json": record})
    assert list(editable_projects(tmp_path)) == []


@pytest.mark.parametrize("line", [f"/{LONG}", "/a\0b"], ids=["long", "nul"])
def test_an_odd_line_of_a_path_file_names_no_folder(tmp_path: Path, line: str) -> None:
    write(tmp_path, {f"{SITE}/a.pth": f"{line}\n{tmp_path}\n"})
    assert list(linked_folders(tmp_path)) == [tmp_path]


@pytest.mark.parametrize(
    "text", [f"a = {'9' * 5_000}", f"a = {DEEP}", "a ="], ids=["number", "deep", "broken"]
)
def test_an_odd_project_file_names_no_project(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"pyproject.toml": text})
    assert not project_name(tmp_path)


@pytest.mark.parametrize("pointer", ["gitdir: a\0b", f"gitdir: {LONG}"], ids=["nul", "long"])
def test_an_odd_pointer_to_a_git_directory_leads_nowhere(tmp_path: Path, pointer: str) -> None:
    write(tmp_path, {"root/.git/HEAD": "", "copy/.git": pointer})
    assert find_copies(tmp_path / "root", [tmp_path / "copy"], home=Path("/home/x")) == Copies()


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    (tmp_path / SITE / "a-1.dist-info").mkdir(parents=True)
    for name in ("a.pth", "a-1.dist-info/direct_url.json"):
        os.mkfifo(tmp_path / SITE / name)
    assert not project_name(tmp_path)
    assert [*linked_folders(tmp_path), *editable_projects(tmp_path)] == []
