"""Files beneath a folder: what honest callers get, the same by both ways of opening."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from agentproxy.files.openat2 import best_open, open_by_kernel, open_by_walk
from agentproxy.files.safe_files import BadPath, SafeDir

WAYS = pytest.mark.parametrize("walk", [False, True], ids=["openat2", "walk"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "src").mkdir(parents=True)
    (tmp_path / "tree" / "src" / "a.py").write_bytes(b"print(1)\n")
    return tmp_path / "tree"


@pytest.fixture(params=[False, True], ids=["openat2", "walk"])
def root(request: pytest.FixtureRequest, folder: Path) -> Iterator[SafeDir]:
    with SafeDir(folder, walk=bool(request.param)) as opened:
        yield opened


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_this_kernel_has_both_ways(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    assert best_open(handle) is open_by_kernel
    os.close(handle)
    assert open_by_kernel is not open_by_walk


@pytest.mark.parametrize("path", ["src/a.py", "./src/a.py", "src//a.py", "src/./a.py"])
def test_a_file_is_read(root: SafeDir, path: str) -> None:
    assert root.read(path, limit=100) == b"print(1)\n"


def test_a_file_of_just_the_limit_is_read_and_a_larger_one_is_not(root: SafeDir) -> None:
    assert root.read("src/a.py", limit=9) == b"print(1)\n"
    with pytest.raises(BadPath, match="larger than 8 bytes") as error:
        root.read("src/a.py", limit=8)
    assert error.value.path == "'src/a.py'"


def test_what_is_not_there_is_not_found(root: SafeDir) -> None:
    for act in (lambda: root.read("src/b.py", limit=1), lambda: root.delete("no/where")):
        with pytest.raises(FileNotFoundError):
            act()
    with pytest.raises(FileNotFoundError):
        root.write("no/where", b"", make_parents=False)


def test_a_file_is_written_with_its_folders(root: SafeDir, folder: Path) -> None:
    root.write("new/deep/er/b.txt", b"text")
    assert (folder / "new/deep/er/b.txt").read_bytes() == b"text"
    root.write("new/deep/er/b.txt", b"")
    assert (folder / "new/deep/er/b.txt").read_bytes() == b""
    assert root.read("new/deep/er/b.txt", limit=0) == b""


def test_a_large_file_is_written_whole(root: SafeDir, folder: Path) -> None:
    data = os.urandom(3 << 20)
    root.write("large", data)
    assert (folder / "large").read_bytes() == data
    assert root.read("large", limit=len(data)) == data


@pytest.mark.parametrize(("mode", "became"), [(0o644, 0o644), (0o755, 0o755), (0o6777, 0o777)])
def test_of_the_mode_the_permissions_count(
    root: SafeDir, folder: Path, mode: int, became: int
) -> None:
    root.write("run.sh", b"#!/bin/sh\n", mode=mode)
    assert stat.S_IMODE((folder / "run.sh").stat().st_mode) == became


def test_a_hard_link_is_not_written_through(root: SafeDir, folder: Path) -> None:
    other = folder.parent / "other"
    other.write_bytes(b"before")
    (folder / "linked").hardlink_to(other)
    root.write("linked", b"after")
    assert (other.read_bytes(), (folder / "linked").read_bytes()) == (b"before", b"after")


def test_links_inside_are_followed_to_files_and_folders(root: SafeDir, folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "up").symlink_to("../src/./")
    (folder / "docs" / "here.py").symlink_to("up/a.py")
    assert root.read("docs/up/a.py", limit=100) == b"print(1)\n"
    assert root.read("docs/here.py", limit=100) == b"print(1)\n"
    root.write("docs/up/new/b.py", b"2")
    assert (folder / "src" / "new" / "b.py").read_bytes() == b"2"


def test_a_link_itself_is_not_written_and_is_deleted(root: SafeDir, folder: Path) -> None:
    (folder / "link").symlink_to("src/a.py")
    with pytest.raises(BadPath, match="not a regular file"):
        root.write("link", b"x")
    root.delete("link")
    assert names(folder) == {"src", "src/a.py"}


def test_a_file_is_deleted_and_a_folder_is_not(root: SafeDir, folder: Path) -> None:
    with pytest.raises(BadPath, match="a folder"):
        root.delete("src")
    root.delete("src/a.py")
    assert names(folder) == {"src"}


def test_whether_something_is_there(root: SafeDir, folder: Path) -> None:
    (folder / "dangling").symlink_to("nowhere")
    found = {
        path: root.exists(path)
        for path in ("src", "src/a.py", "src/b.py", "no/b", "src/a.py/b", "dangling")
    }
    assert [path for path, there in found.items() if there] == ["src", "src/a.py", "dangling"]


def test_a_failed_write_leaves_everything_as_it_was(root: SafeDir, folder: Path) -> None:
    (folder / "folder" / "full").mkdir(parents=True)
    before = names(folder)
    for path in ("folder", "src/a.py/b", "folder/full"):
        with pytest.raises(BadPath):
            root.write(path, b"x")
    assert names(folder) == before


def test_a_finished_write_leaves_no_draft(root: SafeDir, folder: Path) -> None:
    root.write("b", b"1")
    root.write("b", b"2")
    assert names(folder) == {"src", "src/a.py", "b"}


def test_no_descriptor_is_left_open(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    (folder / "out").symlink_to("../../..")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for walk in (False, True):
        with SafeDir(folder, walk=walk) as root:
            acts = (partial(root.read, limit=2), partial(root.write, data=b""), root.exists)
            for path in ("src/a.py", "src/a.py/x", "loop", "loop/x", "out/x", "no", "src", "../x"):
                for act in acts:
                    with suppress(BadPath, OSError):
                        act(path)
            assert root.read("src/a.py", limit=1) == b""
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@WAYS
def test_the_folder_must_be_there(tmp_path: Path, walk: bool) -> None:
    (tmp_path / "file").write_text("")
    for path in ("none", "file"):
        with pytest.raises(OSError, match=path), SafeDir(tmp_path / path, walk=walk):
            pass


@WAYS
def test_the_folder_stays_the_same_when_its_name_goes_elsewhere(folder: Path, walk: bool) -> None:
    with SafeDir(folder, walk=walk) as root:
        folder.rename(folder.parent / "moved")
        folder.mkdir()
        assert root.read("src/a.py", limit=100) == b"print(1)\n"


@pytest.mark.parametrize(
    "path",
    [
        ".gitignore",
        ".github/x.yml",
        "...x",
        "a b.txt",
        "naïve/café.txt",
        "日本語.md",
        "x~",
        "100%.txt",
        "ab:c",
        "[id]/(x).tsx",
        "git/config",
        "a" * 255,
        "/".join("a" * 100),
    ],
)
def test_odd_but_honest_names_work(root: SafeDir, path: str) -> None:
    root.write(path, b"x")
    assert root.read(path, limit=1) == b"x"
    assert root.exists(path)
    root.delete(path)


def test_a_folder_is_listed_with_what_each_name_is(root: SafeDir, folder: Path) -> None:
    (folder / "src" / "link").symlink_to("a.py")
    (folder / "src" / "inner").mkdir()
    os.mkfifo(folder / "src" / "pipe")
    found = [("a.py", "file"), ("inner", "folder"), ("link", "link"), ("pipe", "other")]
    assert root.entries("src", most=4) == found
    with pytest.raises(BadPath, match="more than 3 names"):
        root.entries("src", most=3)


def test_without_links_none_is_followed_on_the_way_or_at_the_end(folder: Path) -> None:
    (folder / "linked").symlink_to("src")
    (folder / "src" / "link").symlink_to("a.py")
    with SafeDir(folder, links=False) as root:
        assert root.read("src/a.py", limit=100) == b"print(1)\n"
        for act in (
            lambda: root.read("linked/a.py", limit=100),
            lambda: root.read("src/link", limit=100),
            lambda: root.entries("linked", most=9),
            lambda: root.write("linked/b.py", b""),
            lambda: root.write("src/link", b""),
        ):
            with pytest.raises(BadPath):
                act()
        root.write("new/b.py", b"b")
    assert (folder / "new/b.py").read_bytes() == b"b"
    assert not (folder / "src/b.py").exists()


def test_staged_files_take_their_places_together_or_leave_nothing(folder: Path) -> None:
    with SafeDir(folder) as root:
        with root.staged("new/b.txt", [b"b", b"c"]) as keep:
            assert not (folder / "new/b.txt").exists()
            keep()
        assert (folder / "new/b.txt").read_bytes() == b"bc"
        with suppress(BadPath), root.staged("c.txt", [b"c"]), root.staged("src", [b"a folder"]):
            pass
    assert sorted(each.name for each in folder.iterdir()) == ["new", "src"]
    assert [each.name for each in (folder / "new").iterdir()] == ["b.txt"]


def test_regular_files_are_found_at_any_depth_without_links_and_odd_names(folder: Path) -> None:
    (folder / "deep/er").mkdir(parents=True)
    for name in ("deep/er/x.txt", "deep/skipped", "odd\nname", "b\\c"):
        (folder / name).write_text("12")
    (folder / "link").symlink_to("deep")
    (folder / "src/link.py").symlink_to("a.py")
    os.mkfifo(folder / "pipe")
    with SafeDir(folder, links=False) as root:
        found, whole = root.regular_files(most=100, passes=lambda name: name != "skipped")
        assert whole
        assert sorted((each.path, each.size) for each in found) == [
            ("deep/er/x.txt", 2),
            ("src/a.py", 9),
        ]
        assert root.regular_files(most=3, passes=lambda _: True)[1] is False


def test_an_open_file_stays_readable_and_only_a_regular_one_is_opened(folder: Path) -> None:
    with SafeDir(folder) as root:
        handle = root.open("src/a.py")
        with pytest.raises(BadPath):
            root.open("src")
    with os.fdopen(handle, "rb") as file:
        assert file.read() == b"print(1)\n"
