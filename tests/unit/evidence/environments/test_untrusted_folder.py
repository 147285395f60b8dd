"""A stranger's folder is read beneath its root only, and never waited for."""

import os
from pathlib import Path

import pytest

from agentproxy.evidence.environments.untrusted_folder import MAX_READ_BYTES, Folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (root / "a.txt").write_text("a")
    (root / "sub/b.txt").write_text("b")
    return root


def test_files_of_the_root_are_read_from_a_folder_below_it(root: Path) -> None:
    (root / "sub/link.txt").symlink_to("../a.txt")
    folder = Folder(root, "sub")
    assert (folder.text("b.txt"), folder.text("../a.txt"), folder.text("link.txt")) == (
        "b",
        "a",
        "a",
    )
    assert folder.notes == []


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "/proc/self/environ", "link.txt"])
def test_a_link_that_leads_out_is_not_read_and_is_noted(root: Path, target: str) -> None:
    (root / "link.txt").symlink_to(target)
    folder = Folder(root, ".")
    assert not folder.has("link.txt")
    assert len(folder.notes) == 1


def test_a_name_that_leads_out_is_not_read(root: Path) -> None:
    assert not Folder(root, "sub").has("../../secret")
    assert not Folder(root, ".").has(str(root.parent / "secret"))
    assert not Folder(root, "..").has("secret")


@pytest.mark.timeout(10)
def test_pipes_devices_and_what_is_too_large_are_not_read(root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    (root / "large.txt").write_bytes(b"x" * (MAX_READ_BYTES + 1))
    folder = Folder(root, ".")
    assert not any(folder.has(name) for name in ("pipe.txt", "large.txt", "sub", "missing.txt"))
    assert len(folder.notes) == 3


def test_the_first_file_is_found_and_links_are_not_entered(root: Path) -> None:
    (root / "inner").symlink_to("sub")
    (root / "outer").symlink_to(root.parent)
    folder = Folder(root, ".")
    assert folder.first(".", lambda name: name == "b.txt", deep=True) == "sub/b.txt"
    assert folder.first(".", lambda name: name == "secret", deep=True) == ""
    assert folder.first("inner", lambda name: name == "b.txt", deep=True) == ""
    assert Folder(root, "sub").first(".", lambda name: name == "b.txt", deep=False) == "b.txt"
