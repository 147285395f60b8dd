"""The base: what it holds, what it refuses, and that nothing of the user's is touched."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.repositories import (
    RUN,
    based,
    commit_all,
    content_of,
    make_repository,
    opened,
    photograph,
    run,
    tree_files,
    user_git,
    write,
)

from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable, open_repository
from agentproxy.workspace.trees.base import record_base

FILES = {"a.txt": "one\ntwo\n", "src/b.py": "print(1)\n", ".gitignore": "*.log\n.venv/\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "a repository\nof ünusual näme", FILES)


def test_a_clean_tree_is_its_head(root: Path) -> None:
    repo = opened(root)
    base = based(repo)
    assert base.commit == base.head == repo.head
    assert base.branch == "main"
    assert base.uncommitted == ()
    assert user_git(root, "rev-parse", base.ref).decode().strip() == repo.head


def test_uncommitted_changes_come_along_and_the_user_keeps_everything(root: Path) -> None:
    write(root, {"a.txt": "one\nTWO\n", "staged.txt": "s\n", "new.txt": "n\n", "x.log": "l\n"})
    user_git(root, "add", "staged.txt")
    user_git(root, "rm", "-q", "src/b.py")
    user_git(root, "stash", "create")
    before = photograph(root)
    base = based(opened(root))
    assert before.differences(photograph(root)) == []
    assert base.commit != base.head
    assert set(tree_files(root, base.commit)) == {b".gitignore", b"a.txt", b"staged.txt"}
    assert content_of(root, base.commit, "a.txt") == b"one\nTWO\n"
    assert set(base.uncommitted) == {"a.txt", "staged.txt", "src/b.py"}
    assert base.left_out == ("new.txt",)
    assert user_git(root, "log", "-1", "--format=%an <%ae> %P", base.commit).decode().split() == [
        "Agent", "Proxy", "<agent-proxy@localhost>", base.head,
    ]  # fmt: skip


def test_recording_twice_gives_the_same_commit(root: Path) -> None:
    write(root, {"a.txt": "changed\n"})
    assert based(opened(root)) == based(opened(root))


def test_a_base_that_is_recorded_anew_lets_go_of_nothing(root: Path) -> None:
    write(root, {"a.txt": "first\n"})
    first = based(opened(root))
    write(root, {"a.txt": "second\n"})
    second = based(opened(root))
    kept = user_git(root, "for-each-ref", "--format=%(objectname)", "refs/agentproxy").split()
    assert {first.commit, second.commit} == {commit.decode() for commit in kept}


def test_from_head_leaves_everything_out_and_names_it(root: Path) -> None:
    write(root, {"a.txt": "changed\n", "new.txt": "n\n"})
    base = based(opened(root), from_head=True)
    assert base.commit == base.head
    assert set(base.left_out) == {"a.txt", "new.txt"}


def test_untracked_files_come_along_when_asked_but_no_ignored_ones(root: Path) -> None:
    write(root, {"new.txt": "n\n", "dir/deep.txt": "d\n", "x.log": "l\n", "env/lib/x.py": "x\n"})
    user_git(root, "config", "core.excludesFile", str(root.parent / "ignore"))
    (root.parent / "ignore").write_text("*.tmp\n")
    (root / ".git/info/exclude").write_text("*.bak\n")
    write(root, {"a.tmp": "t\n", "a.bak": "b\n"})
    repo = opened(root)
    base = run(
        record_base(repo, RUN, from_head=False, include_untracked=True, environment=[root / "env"])
    )
    assert set(tree_files(root, base.commit)) == {
        b".gitignore", b"a.txt", b"src/b.py", b"new.txt", b"dir/deep.txt",
    }  # fmt: skip


def test_an_untracked_repository_stays_out_and_is_said(root: Path) -> None:
    make_repository(root / "nested", {"inner.txt": "i\n"})
    base = run(record_base(opened(root), RUN, from_head=False, include_untracked=True))
    assert base.commit == base.head
    assert "nested/" in base.left_out
    assert any("nested" in note for note in base.notes)


def test_the_list_of_what_is_left_out_is_bounded(root: Path) -> None:
    write(root, {f"many-{number}": "" for number in range(300)})
    base = based(opened(root))
    assert len(base.left_out) == 201
    assert base.left_out[-1] == "... and 100 more"


def test_files_that_the_user_hides_from_git_stay_as_they_are_in_the_index(root: Path) -> None:
    user_git(root, "update-index", "--skip-worktree", "a.txt")
    user_git(root, "update-index", "--assume-unchanged", "src/b.py")
    write(root, {"a.txt": "mine\n", "src/b.py": "mine\n"})
    assert based(opened(root)).uncommitted == ()


def test_a_sparse_checkout_keeps_what_is_not_checked_out(root: Path) -> None:
    write(root, {"other/c.txt": "c\n", "other/d.txt": "d\n"})
    commit_all(root)
    user_git(root, "sparse-checkout", "set", "--cone", "--sparse-index", "src")
    assert not (root / "other").exists()
    write(root, {"src/b.py": "print(2)\n"})
    base = based(opened(root))
    assert base.uncommitted == ("src/b.py",)
    assert {b"other/c.txt", b"other/d.txt"} <= set(tree_files(root, base.commit))


def test_a_split_index_is_read_and_not_changed(root: Path) -> None:
    user_git(root, "update-index", "--split-index")
    write(root, {"new.txt": "n\n"})
    user_git(root, "add", "new.txt")
    before = photograph(root)
    base = based(opened(root))
    assert before.differences(photograph(root)) == []
    assert base.uncommitted == ("new.txt",)


def test_intent_to_add_counts_as_added(root: Path) -> None:
    write(root, {"later.txt": "l\n"})
    user_git(root, "add", "-N", "later.txt")
    base = based(opened(root))
    assert content_of(root, base.commit, "later.txt") == b"l\n"


def test_modes_and_links_and_hostile_names_are_kept(root: Path) -> None:
    odd = [b"new\nline", b"-dash", b":(glob)*", b"x" * 255, b"b\xff\xfe", b'"quoted"', b" space "]
    for name in odd:
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(name)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("a.txt")
    user_git(root, "add", "-A")
    files = tree_files(root, based(opened(root)).commit)
    assert {*odd} <= set(files)
    assert files[b"run.sh"][0] == "100755"
    assert files[b"link"][0] == "120000"


def test_a_folder_that_became_a_link_is_deleted_and_never_read_through(root: Path) -> None:
    outside = root.parent / "outside"
    write(outside, {"b.py": "secret\n"})
    shutil.rmtree(root / "src")
    (root / "src").symlink_to(outside)
    base = based(opened(root))
    assert set(tree_files(root, base.commit)) == {b".gitignore", b"a.txt"}
    assert base.left_out == ("src",)


def test_a_file_that_became_a_fifo_or_a_folder_is_deleted(root: Path) -> None:
    (root / "a.txt").unlink()
    os.mkfifo(root / "a.txt")
    (root / "src/b.py").unlink()
    write(root, {"src/b.py/inner": "i\n"})
    base = based(opened(root))
    assert set(tree_files(root, base.commit)) == {b".gitignore"}


def test_line_ends_are_converted_as_the_user_does(root: Path) -> None:
    user_git(root, "config", "core.autocrlf", "true")
    write(root, {"a.txt": "one\r\ntwo\r\nthree\r\n", "src/b.py": "print(1)\r\n"})
    base = based(opened(root))
    assert content_of(root, base.commit, "a.txt") == b"one\ntwo\nthree\n"
    assert base.uncommitted == ("a.txt",)


def test_a_detached_head_has_no_branch(root: Path) -> None:
    user_git(root, "checkout", "-q", "--detach")
    assert based(opened(root)).branch == ""


def test_it_starts_from_a_subfolder_and_through_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(root / "src")
    assert opened(root / "src").root == root
    assert opened(tmp_path / "way").root == root


def test_a_linked_work_tree_is_its_own_base(root: Path, tmp_path: Path) -> None:
    user_git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    write(tmp_path / "side", {"a.txt": "side\n"})
    before = photograph(root)
    repo = opened(tmp_path / "side")
    base = based(repo)
    assert before.differences(photograph(root)) == []
    assert repo.root == tmp_path / "side"
    assert repo.objects == (root / ".git/objects").resolve()
    assert base.branch == "side"
    assert content_of(root, base.commit, "a.txt") == b"side\n"


def test_a_shallow_clone_works(root: Path, tmp_path: Path) -> None:
    commit_all(root)
    user_git(root, "clone", "-q", "--depth", "1", root.as_uri(), str(tmp_path / "shallow"))
    write(tmp_path / "shallow", {"a.txt": "changed\n"})
    assert based(opened(tmp_path / "shallow")).uncommitted == ("a.txt",)


def test_a_repository_with_other_object_ids_works(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "sha256", FILES, "--object-format=sha256")
    write(root, {"a.txt": "changed\n"})
    base = based(opened(root))
    assert len(base.commit) == 64
    assert base.uncommitted == ("a.txt",)


def unusable(root: Path, **options: bool) -> RepositoryUnusable:
    with pytest.raises(RepositoryUnusable) as caught:
        based(opened(root), **options)
    return caught.value


def test_no_repository_says_how_to_make_one(tmp_path: Path) -> None:
    assert "git init && git add -A && git commit" in unusable(tmp_path).cure


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "not a folder" in str(unusable(tmp_path / "missing"))


def test_no_commit_says_how_to_make_one(tmp_path: Path) -> None:
    user_git(tmp_path, "init", "-q")
    assert "git add -A && git commit" in unusable(tmp_path).cure


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    user_git(tmp_path, "init", "-q", "--bare", "bare.git")
    found = unusable(tmp_path / "bare.git")
    assert "bare" in str(found)
    assert found.cure


def test_an_unfinished_merge_is_refused_unless_from_head(root: Path) -> None:
    user_git(root, "checkout", "-q", "-b", "other")
    write(root, {"a.txt": "other\n"})
    commit_all(root)
    user_git(root, "checkout", "-q", "main")
    write(root, {"a.txt": "main\n"})
    commit_all(root)
    user_git(root, "merge", "other", check=False)
    assert "--from-head" in unusable(root).cure
    assert based(opened(root), from_head=True).commit == opened(root).head


def test_git_that_is_missing_or_old_is_said(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(RepositoryUnusable, match="git is not on PATH"):
        run(open_repository(root))
    old = tmp_path / "bin/git"
    old.write_text("#!/bin/sh\necho git version 2.37.9\n")
    old.chmod(0o755)
    with pytest.raises(RepositoryUnusable, match="too old"):
        run(open_repository(root))


def test_a_repository_with_reftable_names_the_git_that_reads_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What git 2.39.5 prints for such a repository.
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin/git"
    old.write_text(
        '#!/bin/sh\n[ "$*" != "${*%version}" ] && echo git version 2.39.5 && exit 0\n'
        "printf 'fatal: unknown repository extension found:\\n\\trefstorage\\n' >&2\nexit 128\n"
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    with pytest.raises(RepositoryUnusable, match="extension found: refstorage") as caught:
        run(open_repository(root))
    assert "git 2.45 or later" in caught.value.cure


def test_a_partial_clone_that_lacks_files_says_how_to_get_them(root: Path, tmp_path: Path) -> None:
    write(root, {"other/c.txt": "c\n"})
    commit_all(root)
    user_git(root, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    user_git(
        root, "clone", "-q", "--filter=blob:none", "--no-checkout", root.as_uri(), str(partial)
    )
    user_git(partial, "sparse-checkout", "set", "src")
    user_git(partial, "checkout", "-q", "main")
    found = unusable(partial)
    assert "partial clone" in str(found)
    subprocess.run(found.cure, shell=True, check=True, env={**os.environ, "HOME": str(tmp_path)})
    assert based(opened(partial)).commit == opened(partial).head


@pytest.mark.parametrize(
    "name", ["../heads/main", "x\ndelete refs/heads/main", "x\0y", "a b", "", "-d", "x.lock"]
)
def test_a_ref_of_the_users_is_never_touched_whatever_a_run_is_called(
    root: Path, name: str
) -> None:
    before = user_git(root, "for-each-ref", "refs/heads")
    with contextlib.suppress(ValueError, GitError):
        run(record_base(opened(root), name, from_head=True, include_untracked=False))
    assert user_git(root, "for-each-ref", "refs/heads") == before
    with pytest.raises((ValueError, GitError)):
        run(record_base(opened(root), "../heads/x", from_head=True, include_untracked=False))
