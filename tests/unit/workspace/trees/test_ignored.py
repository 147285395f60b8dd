"""Which files of the user git ignores."""

from pathlib import Path

import pytest
from support.repositories import commit_all, make_repository, run, user_git, write

from agentproxy.workspace.git.repository import open_repository
from agentproxy.workspace.trees.ignored import ignored_files


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("a.gen", True),
        ("a.info", True),
        ("a.global", True),
        ("a.txt", False),
        ("kept.gen", False),  # the base has it
        ("missing.gen", False),
    ],
)
def test_all_places_count_where_a_user_says_what_git_ignores(
    tmp_path: Path, path: str, *, ignored: bool
) -> None:
    root = make_repository(tmp_path / "root", {"kept.gen": "", "b.txt": ""})
    write(root, {".gitignore": "*.gen\n", ".git/info/exclude": "*.info\n"})
    write(tmp_path, {"ignore": "*.global\n"})
    user_git(root, "config", "core.excludesFile", str(tmp_path / "ignore"))
    base = commit_all(root)
    write(root, dict.fromkeys(("a.gen", "a.info", "a.global", "a.txt"), ""))
    repository = run(open_repository(root))
    assert (path in run(ignored_files(repository, [path], base=base))) == ignored
