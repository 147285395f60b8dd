"""What a clone would lack: large files, filters, submodules; said, brought along, or refused."""

import hashlib
import shutil
from pathlib import Path

import pytest
from support.repositories import (
    based,
    commit_all,
    content_of,
    make_repository,
    opened,
    photograph,
    user_git,
    write,
)

from agentproxy.workspace.git.repository import RepositoryUnusable

FILES = {"a.txt": "one\ntwo\n", "src/b.py": "print(1)\n", ".gitignore": "*.log\n.venv/\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "a repository\nof ünusual näme", FILES)


def unusable(root: Path, **options: bool) -> RepositoryUnusable:
    with pytest.raises(RepositoryUnusable) as caught:
        based(opened(root), **options)
    return caught.value


def pointer(content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


@pytest.fixture
def large(root: Path) -> Path:
    """A large file as git-lfs leaves it: a pointer in the commit, its content in tree and store."""
    content = b"large\0content" * 1000
    write(root, {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    write(root, {"big.bin": pointer(content)})
    commit_all(root)
    oid = hashlib.sha256(content).hexdigest()
    write(root, {"big.bin": content, f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}": content})
    return root


def test_a_large_file_with_its_content_is_no_change(large: Path) -> None:
    base = based(opened(large))
    assert base.uncommitted == ()
    assert base.notes == ()


def test_a_changed_large_file_is_a_pointer_and_its_content_is_kept(large: Path) -> None:
    write(large, {"big.bin": b"new content"})
    base = based(opened(large))
    assert content_of(large, base.commit, "big.bin") == pointer(b"new content").encode()
    oid = hashlib.sha256(b"new content").hexdigest()
    stored = large / f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"
    assert stored.read_bytes() == b"new content"


def test_large_content_that_is_nowhere_says_git_lfs_pull(large: Path) -> None:
    user_git(large, "update-index", "--assume-unchanged", "big.bin")
    shutil.rmtree(large / ".git/lfs")
    write(large, {"big.bin": "something else"})
    assert unusable(large).cure.endswith("lfs pull")


def test_large_content_that_only_the_tree_has_is_stored(large: Path) -> None:
    shutil.rmtree(large / ".git/lfs")
    based(opened(large))
    assert any(file.is_file() for file in (large / ".git/lfs/objects").rglob("*"))


def test_a_pointer_in_the_users_own_tree_is_said(large: Path) -> None:
    user_git(large, "checkout", "-q", "-f", "big.bin")
    shutil.rmtree(large / ".git/lfs")
    assert "big.bin is a Git LFS pointer" in based(opened(large)).notes[0]


def test_a_filter_that_makes_files_or_only_cleans_them_is_said(root: Path) -> None:
    write(root, {".gitattributes": "*.py filter=crypt\n"})
    commit_all(root)
    user_git(root, "config", "filter.crypt.clean", "false")
    assert "'crypt' does not run" in based(opened(root)).notes[0]
    user_git(root, "config", "filter.crypt.smudge", "false")
    said = based(opened(root)).notes[0]
    assert "src/b.py as git stores them" in said
    assert "carry" in said


@pytest.fixture
def with_submodule(root: Path, tmp_path: Path) -> Path:
    inner = make_repository(tmp_path / "inner", {"inner.txt": "i\n"})
    user_git(
        root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "mod/sub"
    )
    commit_all(root)
    return root


def test_a_submodule_that_is_checked_out_is_no_obstacle(with_submodule: Path) -> None:
    before = photograph(with_submodule)
    base = based(opened(with_submodule))
    assert before.differences(photograph(with_submodule)) == []
    assert base.commit == base.head
    assert base.notes == ()


def test_a_submodule_without_its_commit_says_how_to_get_it(with_submodule: Path) -> None:
    entry = f"160000,{'1' * 40},mod/sub"
    user_git(with_submodule, "update-index", "--cacheinfo", entry)
    user_git(with_submodule, "update-index", "--assume-unchanged", "mod/sub")
    assert "submodule update --init" in unusable(with_submodule).cure


def test_a_submodule_that_nobody_checked_out_is_said(with_submodule: Path) -> None:
    user_git(with_submodule, "submodule", "deinit", "-q", "-f", "mod/sub")
    shutil.rmtree(with_submodule / ".git/modules")
    assert "mod/sub is not checked out" in based(opened(with_submodule)).notes[0]


def test_the_checkout_of_a_submodule_is_a_repository_itself(with_submodule: Path) -> None:
    write(with_submodule / "mod/sub", {"inner.txt": "changed\n"})
    repo = opened(with_submodule / "mod/sub")
    assert repo.root == with_submodule / "mod/sub"
    assert based(repo).uncommitted == ("inner.txt",)
