"""Claims that are too large, too deep, or named like git's own folder."""

import os
from pathlib import Path

import pytest
from support.claims import Work
from support.deep import make_deep
from support.repositories import commit_all, make_repository, user_git

from agentproxy.files.remove_tree import remove_tree
from agentproxy.workspace.trees.claim_bounds import ClaimBounds
from agentproxy.workspace.trees.git_names import is_kept_by_git


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"a.txt": "one\ntwo\n", "src/b.py": "print(1)\n", ".gitignore": "*.log\nbuild/\n"}
    return make_repository(tmp_path / "the repository", files)


@pytest.fixture
def work(root: Path) -> Work:
    return Work(root)


LOOKALIKES = [
    b".git ", b".git.", b".git. .", b".GIT::$INDEX_ALLOCATION", b".git:x", b"GIT~1", b"git~1 .",
    b".git\\x", b"a\\.git\\b", b"a\\git~1", ".g\u200cit".encode(), "\ufeff.git".encode(),
    ".GIT\u206f".encode(), b".git\xff", b".git\xe2\x80", ".git\u200c".encode() + b"\xff",
]  # fmt: skip
ORDINARY = [
    b"git~2", b".gitx", b"a\\b", b"..\\x", b"\\", b"a:b", b"a.", b"a ", b"a\tb", b"\x01", b"con",
    ".g\u2060it".encode(), ".g\u0131t".encode(), b"\xff", b".\xff\xfegit",
]  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{}, {"core.protectHFS": "true"}, {"core.protectNTFS": "false"}]
)
def test_names_that_are_taken_for_gits_own_are_left_out_with_a_note(
    root: Path, settings: dict[str, str]
) -> None:
    for name, value in settings.items():
        user_git(root, "config", name, value)
    work = Work(root)
    for name in LOOKALIKES + ORDINARY:
        folder = work.tree / "folders" / os.fsdecode(name)
        folder.mkdir(parents=True)
        (folder / "inner").write_text("x")
        (work.tree / "src" / os.fsdecode(name)).write_text("x")
    claim = work.claim()
    assert claim.refused == ""
    paths = work.paths(claim)
    assert {b"src/" + name for name in ORDINARY} <= paths
    assert not {b"src/" + name for name in LOOKALIKES} & paths
    assert len([path for path in paths if path.endswith(b"/inner")]) == len(ORDINARY)
    not_stored = [finding for finding in claim.findings if "git cannot store" in finding]
    assert len(not_stored) == 2 * len(LOOKALIKES)
    user_git(root, "fsck", "--strict", "--connectivity-only")


def test_what_git_leaves_out_of_an_index_is_what_we_leave_out(root: Path) -> None:
    """Git's own rule, with both of its protections, against ours."""
    strict = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true")
    for name in LOOKALIKES + ORDINARY:
        (root / "src" / os.fsdecode(name)).write_text("x")
        user_git(root, *strict, "update-index", "--add", os.fsdecode(b"src/" + name))
    listed = set(user_git(root, "ls-files", "-z", "src").split(b"\0"))
    refused = {name for name in LOOKALIKES + ORDINARY if b"src/" + name not in listed}
    assert refused == {name for name in LOOKALIKES + ORDINARY if is_kept_by_git(name)}
    assert refused == set(LOOKALIKES)


@pytest.mark.parametrize(
    ("script", "bounds", "why"),
    [
        ("mkdir -p a/b/c/d && touch a/b/c/d/e", ClaimBounds(depth=3), "deeper than 3 folders"),
        ("mkdir -p aaaaaaaaaaaaaaaaaaa && touch aaaaaaaaaaaaaaaaaaa/b",
         ClaimBounds(path_bytes=20), "path has more than 20 bytes"),
        ("mkdir new && cd new && touch 1 2 3 4 5", ClaimBounds(files=4), "more than 4 new files"),
        ("mkdir build && cd build && touch 1 2 3 4 5", ClaimBounds(names=8),
         "more than 8 files and folders"),
        ("truncate -s 5M sparse", ClaimBounds(file_bytes=4 << 20), "sparse has 5,242,880 bytes"),
        ("truncate -s 5M a.txt", ClaimBounds(file_bytes=4 << 20), "a.txt has 5,242,872 bytes"),
        ("for i in 1 2 3; do truncate -s 2M $i; done", ClaimBounds(total_bytes=5 << 20),
         "more than 5,242,880 bytes in new files"),
    ],
)  # fmt: skip
def test_a_claim_past_a_bound_is_refused_and_says_which(
    work: Work, script: str, bounds: ClaimBounds, why: str
) -> None:
    work.script(script)
    claim = work.claim(bounds)
    assert why in claim.refused
    assert (claim.tree, claim.changes) == (work.base.tree, ())
    assert claim.findings[0] == f"the claim is refused: {claim.refused}"
    assert work.claim().refused == ""


def test_ignored_files_count_only_as_names(work: Work) -> None:
    work.script("mkdir build && cd build && touch 1 2 3 4 5 && truncate -s 5M large")
    claim = work.claim(ClaimBounds(files=1, file_bytes=100, total_bytes=100))
    assert (claim.refused, claim.tree) == ("", work.base.tree)


def test_what_the_base_has_counts_only_as_far_as_it_grew(root: Path) -> None:
    (root / "large").write_bytes(b"x" * (2 << 20))
    commit_all(root)
    work = Work(root)
    work.script("echo more >>large")
    assert work.claim(ClaimBounds(file_bytes=100, total_bytes=100)).refused == ""


def test_a_folder_deeper_than_a_path_can_say_is_refused(work: Work) -> None:
    make_deep(work.tree, levels=3000)
    assert "is deeper than 200 folders" in work.claim().refused
    remove_tree(work.tree)  # pytest cannot
