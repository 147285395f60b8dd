"""Folders that strangers filled are deleted whole, however deep they are."""

from pathlib import Path

from support.deep import make_deep

from agentproxy.files.remove_tree import remove_tree


def test_a_folder_deeper_than_a_path_can_say_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    make_deep(folder, levels=3000)
    remove_tree(folder)
    assert not folder.exists()


def test_links_are_deleted_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    folder = tmp_path / "work"
    (folder / "inner").mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path / "kept")
    (folder / "inner" / "link").symlink_to("../../kept")
    (tmp_path / "outer").symlink_to(folder)
    remove_tree(tmp_path / "outer")
    assert folder.exists()
    remove_tree(folder)
    assert not folder.exists()
    assert (tmp_path / "kept" / "file").read_text() == "kept"


def test_folders_that_nobody_may_enter_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)
    folder.chmod(0)
    remove_tree(folder)
    assert not folder.exists()


def test_a_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")
