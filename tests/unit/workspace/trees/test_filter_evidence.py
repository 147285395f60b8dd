"""Filters that cover more files than they make: git-annex's `* filter=annex`, a filter of tabs."""

import os
from pathlib import Path

import pytest
from support.claims import Work
from support.repositories import (
    based,
    commit_all,
    content_of,
    make_repository,
    opened,
    user_git,
    write,
)

from agentproxy.workspace.git.repository import RepositoryUnusable

PLAIN = {".gitattributes": "* filter=odd\n", "a.txt": "one\n", "b.txt": "b\n", "empty.txt": ""}
MADE = {"key.bin": "as the user sees it\n"}
SCRIPT = "echo two >>a.txt; echo new >new.txt; echo more >>key.bin"


def covered(at: Path, files: dict[str, str]) -> Path:
    """A repository whose filter stores only `*.bin` in another form."""
    root = make_repository(at, {})
    clean = "case %f in *.bin) base64;; *) cat;; esac"
    smudge = "case %f in *.bin) base64 -d;; *) cat;; esac"
    user_git(root, "config", "filter.odd.clean", clean)
    user_git(root, "config", "filter.odd.smudge", smudge)
    write(root, files)
    for name in files:
        os.utime(root / name, (1, 1))  # git's index is sure of files that are older than it
    commit_all(root)
    return root


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        (PLAIN, ["a.txt", "key.bin", "new.txt"]),
        (PLAIN | MADE, ["a.txt"]),  # a new file may be one that the filter makes
        ({".gitattributes": "*.bin filter=odd\n", "a.txt": "one\n"} | MADE, ["a.txt", "new.txt"]),
    ],
)
def test_a_claim_has_the_changes_of_files_that_the_filter_leaves_as_they_are(
    tmp_path: Path, files: dict[str, str], changed: list[str]
) -> None:
    work = Work(covered(tmp_path / "repository", files))
    work.script(SCRIPT)
    claim = work.claim()
    assert [each.path for each in claim.changes] == changed, claim.findings


def test_the_base_has_staged_changes_and_others_refuse_the_run(tmp_path: Path) -> None:
    root = covered(tmp_path / "repository", PLAIN | MADE)
    assert based(opened(root)).uncommitted == ()
    write(root, {"a.txt": "two\n"})
    with pytest.raises(RepositoryUnusable, match=r"'odd' makes only some.* a\.txt") as refused:
        based(opened(root))
    assert "git add" in refused.value.cure
    user_git(root, "add", "a.txt")
    base = based(opened(root))
    assert content_of(root, base.commit, "a.txt") == b"two\n"
    assert base.uncommitted == ("a.txt",)


def test_a_carried_secret_that_the_user_has_changed_is_in_no_claim(tmp_path: Path) -> None:
    root = covered(tmp_path / "repository", PLAIN | MADE)
    stored = content_of(root, "HEAD", "key.bin")
    work = Work(root)
    write(root, {"key.bin": "another secret\n"})
    write(work.tree, {"key.bin": "another secret\n", "a.txt": "two\n"})
    claim = work.claim()
    assert content_of(root, claim.commit, "key.bin") == stored
    assert [each.path for each in claim.changes] == ["a.txt"]


def test_findings_about_files_that_a_filter_makes_are_counted_after_five(tmp_path: Path) -> None:
    secrets = {f"{number}.bin": f"secret {number}\n" for number in range(9)}
    work = Work(
        covered(tmp_path / "repository", secrets | {".gitattributes": "*.bin filter=odd\n"})
    )
    work.script("for name in *.bin; do echo plain >$name; done")
    claim = work.claim()
    assert claim.changes == ()
    assert len(claim.findings) == 6
    assert claim.findings[-1].startswith("4 more files are made by a filter")
