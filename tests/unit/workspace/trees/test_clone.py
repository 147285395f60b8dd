"""Clones: the files of a commit, in a git directory that shares nothing writable."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.repositories import (
    based,
    cloned,
    commit_all,
    in_clone,
    make_repository,
    opened,
    photograph,
    run,
    user_git,
    write,
)

from agentproxy.workspace.trees.clone import clone_mounts, make_clone, matches

FILES = {"a.txt": "one\n", "src/b.py": "print(1)\n", ".gitignore": "*.log\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "the\nrepository ü", FILES)


def test_a_clone_holds_the_files_and_equals_the_commit(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to("a.txt")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    odd = os.fsdecode(b"odd\n\xff")
    (root / odd).write_text("odd\n")
    commit_all(root)
    write(root, {"a.txt": "changed\n"})
    before = photograph(root)
    repo = opened(root)
    base = based(repo)
    at = cloned(repo, base.commit, tmp_path / "clone")
    assert before.differences(photograph(root)) == []
    assert (at / "a.txt").read_text() == "changed\n"
    assert (at / odd).read_text() == "odd\n"
    assert (at / "link").readlink() == Path("a.txt")
    assert os.access(at / "run.sh", os.X_OK)
    assert run(matches(repo, at, base.commit)) == []


def test_git_works_inside_at_the_users_path(root: Path, tmp_path: Path) -> None:
    repo = opened(root)
    at = cloned(repo, repo.head, tmp_path / "clone")
    shown = in_clone(
        repo,
        at,
        "pwd; git status --porcelain; git branch --show-current; git remote; git fsck --strict;"
        "echo more >>a.txt; git commit -qam work; git log --format='%an %s'",
    ).output
    assert shown.splitlines() == [
        *str(root).splitlines(),
        "agentproxy/work",
        "agent work",
        "A User a commit",
    ]
    assert user_git(root, "status", "--porcelain") == b""
    assert user_git(root, "branch", "--format=%(refname)") == b"refs/heads/main\n"


def test_the_users_objects_cannot_be_written_from_inside(root: Path, tmp_path: Path) -> None:
    repo = opened(root)
    at = cloned(repo, repo.head, tmp_path / "clone")
    before = photograph(root)
    in_clone(
        repo,
        at,
        "! touch /run/agentproxy/objects/x; ! rm -rf /run/agentproxy/objects/* 2>/dev/null",
    )
    assert before.differences(photograph(root)) == []


def test_a_repository_with_alternates_of_its_own_works_inside(root: Path, tmp_path: Path) -> None:
    # Git itself cannot make the first of these from a path with a newline.
    first = root.rename(tmp_path / "first")
    user_git(first, "clone", "-q", "--shared", str(first), str(tmp_path / "second"))
    user_git(first, "clone", "-q", "--shared", str(tmp_path / "second"), str(tmp_path / "third"))
    repo = opened(tmp_path / "third")
    base = based(repo)
    at = cloned(repo, base.commit, tmp_path / "clone")
    shown = in_clone(repo, at, "git status --porcelain; git log --format=%s; git fsck").output
    assert shown.split("\n")[0] == "a commit"
    assert "error" not in shown
    assert sum(mount.mode == "ro" for mount in clone_mounts(repo, at)) == 3


def test_a_shallow_repository_gives_a_shallow_clone(root: Path, tmp_path: Path) -> None:
    commit_all(root, "a second commit")
    user_git(root, "clone", "-q", "--depth", "1", root.as_uri(), str(tmp_path / "shallow"))
    repo = opened(tmp_path / "shallow")
    at = cloned(repo, based(repo).commit, tmp_path / "clone")
    assert (
        in_clone(repo, at, "git log --format=%s; git status --short").output == "a second commit\n"
    )


def test_a_linked_work_tree_and_other_object_ids_work_inside(tmp_path: Path) -> None:
    first = make_repository(tmp_path / "first", FILES, "--object-format=sha256")
    user_git(first, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    repo = opened(tmp_path / "side")
    at = cloned(repo, based(repo).commit, tmp_path / "clone")
    assert in_clone(repo, at, "git status --porcelain; git log --format=%s").output == "a commit\n"


def test_line_ends_are_written_as_the_user_has_them(root: Path, tmp_path: Path) -> None:
    user_git(root, "config", "core.autocrlf", "true")
    repo = opened(root)
    at = cloned(repo, repo.head, tmp_path / "clone")
    assert (at / "a.txt").read_bytes() == b"one\r\n"
    assert run(matches(repo, at, repo.head)) == []
    assert in_clone(repo, at, "git status --porcelain").output == ""


def test_a_clone_without_isolation_finds_the_objects_where_they_are(
    root: Path, tmp_path: Path
) -> None:
    repo = opened(root)
    run(make_clone(repo, repo.head, tmp_path / "clone", branch="work", inside=False))
    assert user_git(tmp_path / "clone", "status", "--porcelain") == b""
    assert user_git(tmp_path / "clone", "log", "--format=%s") == b"a commit\n"


def test_a_clone_can_be_moved(root: Path, tmp_path: Path) -> None:
    repo = opened(root)
    at = cloned(repo, repo.head, tmp_path / "clone")
    at.rename(tmp_path / "moved")
    assert run(matches(repo, tmp_path / "moved", repo.head)) == []
    assert in_clone(repo, tmp_path / "moved", "git status --porcelain").output == ""


def test_a_folder_that_is_not_empty_is_refused(root: Path, tmp_path: Path) -> None:
    write(tmp_path, {"full/file": ""})
    with pytest.raises(FileExistsError):
        cloned(opened(root), opened(root).head, tmp_path / "full")


def test_every_difference_is_seen_whatever_the_clone_says(root: Path, tmp_path: Path) -> None:
    write(root, {"c.txt": "c\n", "d.txt": "d\n", "e.txt": "e\n"})
    commit_all(root)
    repo = opened(root)
    at = cloned(repo, repo.head, tmp_path / "clone")
    times = (at / "a.txt").stat()
    user_git(at, "update-index", "--assume-unchanged", "a.txt", check=False)
    (at / ".git/info/exclude").write_text("*\n")
    write(at, {"a.txt": "ONE\n", "hidden.log": "l\n", "new": "n\n"})
    os.utime(at / "a.txt", ns=(times.st_atime_ns, times.st_mtime_ns))
    (at / "c.txt").unlink()
    (at / "d.txt").chmod(0o755)
    (at / "e.txt").unlink()
    (at / "e.txt").symlink_to("d.txt")
    make_repository(at / "planted", {"x": "x"})
    assert run(matches(repo, at, repo.head)) == [
        "a.txt", "c.txt", "d.txt", "e.txt", "hidden.log", "new", "planted/",
    ]  # fmt: skip


@pytest.fixture
def whole(root: Path, tmp_path: Path) -> Path:
    """A repository with a large file and a submodule that has a submodule."""
    deepest = make_repository(tmp_path / "deepest", {"deep.txt": "d\n"})
    inner = make_repository(tmp_path / "inner", {"inner.txt": "i\n"})
    allowed = ("-c", "protocol.file.allow=always")
    user_git(inner, *allowed, "submodule", "add", "-q", str(deepest), "deep")
    commit_all(inner)
    user_git(root, *allowed, "submodule", "add", "-q", str(inner), "mod")
    user_git(root, *allowed, "submodule", "update", "-q", "--init", "--recursive")
    content = b"large\0content" * 1000
    oid = hashlib.sha256(content).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    write(root, {".gitattributes": "*.bin filter=lfs -text\n", "big.bin": text})
    commit_all(root)
    write(root, {"big.bin": content, f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}": content})
    return root


def test_large_files_and_submodules_are_there_as_files(whole: Path, tmp_path: Path) -> None:
    repo = opened(whole)
    base = based(repo)
    assert base.commit == base.head
    at = cloned(repo, base.commit, tmp_path / "clone")
    assert (at / "big.bin").read_bytes() == (whole / "big.bin").read_bytes()
    assert (at / "mod/inner.txt").read_text() == "i\n"
    assert (at / "mod/deep/deep.txt").read_text() == "d\n"
    assert not (at / "mod/.git").exists()
    assert run(matches(repo, at, base.commit)) == []
    assert in_clone(repo, at, "git status --porcelain").output == ""


def test_differences_in_large_files_and_submodules_are_seen(whole: Path, tmp_path: Path) -> None:
    repo = opened(whole)
    at = cloned(repo, based(repo).commit, tmp_path / "clone")
    write(at, {"big.bin": "other", "mod/inner.txt": "I\n", "mod/deep/new.txt": "n\n"})
    assert run(matches(repo, at, repo.head)) == ["big.bin", "mod/deep/new.txt", "mod/inner.txt"]


def test_the_clone_outlives_what_the_worker_does_to_it(root: Path, tmp_path: Path) -> None:
    repo = opened(root)
    at = cloned(repo, repo.head, tmp_path / "clone")
    shutil.rmtree(at / ".git")
    assert run(matches(repo, at, repo.head)) == []


def test_hooks_of_a_template_do_not_come_along(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"template/hooks/post-checkout": f"#!/bin/sh\ntouch {tmp_path}/ran\n"})
    (tmp_path / "template/hooks/post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    subprocess.run(["git", "clone", "-q", root, tmp_path / "naive"], check=True)
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    at = cloned(opened(root), opened(root).head, tmp_path / "clone")
    assert not (tmp_path / "ran").exists()
    assert not (at / ".git/hooks").exists()
