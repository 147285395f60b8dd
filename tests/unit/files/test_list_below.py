"""What a stranger left is listed without recursion, and only so much of it."""

from pathlib import Path

from support.deep import make_deep

from agentproxy.files.list_below import list_below
from agentproxy.files.remove_tree import remove_tree


def test_files_are_listed_by_their_paths_without_gits_own(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for name in ("one", "a/two", "a/b/three", ".git/config"):
        (tmp_path / name).write_text("x")
    (tmp_path / "link").symlink_to("a")
    assert list_below(tmp_path, most=100) == {"one", "a/two", "a/b/three", "link"}


def test_folders_deeper_than_python_recurses_are_walked(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    make_deep(tmp_path, levels=2500, name="d")
    assert list_below(tmp_path, most=100_000) == {"one"}
    remove_tree(tmp_path)  # pytest cannot


def test_empty_folders_count_against_the_bound(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"folder{number}" / "inner").mkdir(parents=True)
    assert list_below(tmp_path, most=5) == frozenset()
