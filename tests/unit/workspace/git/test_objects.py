"""Objects of git: what is read once, and what bounds keep out."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.repositories import make_repository, opened, run, user_git

from agentproxy.workspace.git.command import GitError, GitLocation
from agentproxy.workspace.git.objects import (
    date_of,
    list_tree,
    parents_of,
    read_blobs,
    tree_of,
)

ABSENT = "1" * 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "r", {"a": "a" * 10, "b": "b" * 20, "c": "c" * 30, "d": ""})


def _blobs(root: Path, *names: str) -> list[str]:
    return [user_git(root, "rev-parse", f"HEAD:{name}").decode().strip() for name in names]


def _where(root: Path) -> GitLocation:
    found = opened(root)
    return replace(found.theirs, objects=found.objects)


@pytest.mark.parametrize(
    ("most", "total", "names"),
    [
        (100, 1000, "abcd"),
        (20, 1000, "abd"),
        (100, 35, "abd"),
        (100, 9, "d"),
        (25, 20, "ad"),
    ],
)
def test_blobs_are_read_as_far_as_the_bounds_let(
    root: Path, most: int, total: int, names: str
) -> None:
    a, b, c, d = _blobs(root, *"abcd")
    tree = user_git(root, "rev-parse", "HEAD^{tree}").decode().strip()
    oids = [a, ABSENT, b, c, tree, d, a]
    for _ in range(2):  # read, and remembered
        found = run(read_blobs(_where(root), oids, most=most, total=total))
        contents = {a: b"a" * 10, b: b"b" * 20, c: b"c" * 30, d: b""}
        assert found == {oid: contents[oid] for oid in _blobs(root, *names)}


def test_what_is_too_much_in_all_is_chosen_by_its_sizes(root: Path) -> None:
    (root / "large").write_text("x" * 5000)
    user_git(root, "add", "large")
    user_git(root, "commit", "-qm", "Large")
    large, a, b = _blobs(root, "large", "a", "b")
    found = run(read_blobs(_where(root), [large, a, b], most=100, total=25))
    assert found == {a: b"a" * 10}


def test_a_commit_is_told_by_its_header_alone(root: Path) -> None:
    head = user_git(root, "rev-parse", "HEAD").decode().strip()
    message = f"tree {ABSENT}\nparent {ABSENT}\ncommitter X <x> 1 +0000"
    user_git(root, "commit", "-q", "--allow-empty", "-m", message)
    commit, tree = user_git(root, "rev-parse", "HEAD", "HEAD^{tree}").decode().split()
    seconds, zone = user_git(root, "log", "-1", "--date=raw", "--format=%cd").decode().split()
    for _ in range(2):
        assert run(tree_of(_where(root), commit)) == tree
        assert run(parents_of(_where(root), commit)) == (head,)
        assert run(date_of(_where(root), commit)) == f"@{seconds} {zone}"
    by_commit = run(list_tree(_where(root), commit))
    assert by_commit == run(list_tree(_where(root), tree))
    assert [entry.name for entry in by_commit] == [b"a", b"b", b"c", b"d"]
    with pytest.raises(GitError):
        run(tree_of(_where(root), tree))
