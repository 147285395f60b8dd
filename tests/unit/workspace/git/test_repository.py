"""A repository as it is opened: HEAD and branch, whatever state they are in."""

from pathlib import Path

import pytest
from support.repositories import make_repository, opened, user_git

from agentproxy.workspace.git.repository import RepositoryUnusable


def test_head_and_branch_are_told_for_every_state_of_head(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "a\n"})
    head = user_git(root, "rev-parse", "HEAD").decode().strip()
    user_git(root, "checkout", "-q", "-B", "a/branch")
    assert (opened(root).head, opened(root).branch) == (head, "a/branch")
    # A file with the name of a revision, and refs with the name HEAD.
    (root / "HEAD").touch()
    user_git(root, "update-ref", "refs/heads/HEAD", head)
    user_git(root, "commit", "-q", "--allow-empty", "-m", "Newer")
    newer = user_git(root, "rev-parse", "a/branch").decode().strip()
    assert (opened(root).head, opened(root).branch) == (newer, "a/branch")
    user_git(root, "update-ref", "-d", "refs/heads/HEAD")
    user_git(root, "checkout", "-q", "--detach")
    assert (opened(root).head, opened(root).branch) == (newer, "")
    user_git(root, "symbolic-ref", "HEAD", "refs/heads/unborn")
    with pytest.raises(RepositoryUnusable, match="has no commit yet"):
        opened(root)
