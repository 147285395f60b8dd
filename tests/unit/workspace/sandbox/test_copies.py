"""Folders of ours, which strangers may have put something else in the place of."""

from pathlib import Path

from agentproxy.workspace.sandbox.copies import discard


def test_of_a_link_in_the_place_of_a_folder_only_the_link_is_removed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (precious / "file").chmod(0o400)
    link = tmp_path / "ours"
    link.symlink_to(precious)
    discard(link)
    assert not link.is_symlink()
    assert (precious / "file").stat().st_mode & 0o777 == 0o400


def test_a_folder_that_nobody_may_enter_is_removed(tmp_path: Path) -> None:
    closed = tmp_path / "ours" / "closed"
    closed.mkdir(parents=True)
    (closed / "file").write_text("x")
    closed.chmod(0)
    discard(tmp_path / "ours")
    assert not (tmp_path / "ours").exists()
