"""Applying: three-way into the present files, no commit, all or nothing."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from support.repositories import (
    RUN,
    Photograph,
    based,
    claimed,
    cloned,
    content_of,
    make_repository,
    opened,
    photograph,
    run,
    user_git,
    write,
)

from agentproxy.files.file_transaction import Replacing
from agentproxy.workspace.trees.apply import Applied, Conflicts, apply_claim

LINES = "".join(f"line {number}\n" for number in range(20))
FILES = {"a.txt": LINES, "src/b.py": "print(1)\n", "run.sh": "#!/bin/sh\n", ".gitignore": "*.log\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "the repository", FILES)


class Claim:
    """A claim on the present files, to be applied later."""

    def __init__(self, root: Path, work: Callable[[Path], object]) -> None:
        self.root = root
        repo = opened(root)
        base = based(repo)
        tree = cloned(repo, base.commit, root.parent / "clone")
        work(tree)
        self.base, self.commit = base.commit, claimed(repo, tree, base).commit

    def apply(self) -> Applied | Conflicts:
        return run(
            apply_claim(opened(self.root), RUN, base_commit=self.base, claim_commit=self.commit)
        )


def writing(files: dict[str, str | bytes]) -> Callable[[Path], object]:
    return lambda tree: write(tree, files)


def files_of(shot: Photograph) -> dict[str, object]:
    return {name: thing for name, thing in shot.things.items() if not name.startswith(".git/")}


def refused(claim: Claim) -> Conflicts:
    """Apply, expecting that nothing is touched."""
    before = photograph(claim.root)
    found = claim.apply()
    assert isinstance(found, Conflicts)
    assert before.differences(photograph(claim.root)) == []
    return found


def test_changes_arrive_in_the_files_and_nowhere_else(root: Path) -> None:
    def work(tree: Path) -> None:
        write(tree, {"a.txt": LINES + "more\n", "new/deep/c.txt": "c\n"})
        (tree / "src/b.py").unlink()
        (tree / "run.sh").chmod(0o755)
        (tree / "link").symlink_to("a.txt")

    claim = Claim(root, work)
    index = (root / ".git/index").read_bytes()
    refs = user_git(root, "for-each-ref", "refs/heads")
    found = claim.apply()
    assert isinstance(found, Applied)
    assert set(found.changed) == {"a.txt", "new/deep/c.txt", "src/b.py", "run.sh", "link"}
    assert (root / "a.txt").read_text() == LINES + "more\n"
    assert (root / "new/deep/c.txt").read_text() == "c\n"
    assert not (root / "src").exists()
    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "link").readlink() == Path("a.txt")
    assert (root / ".git/index").read_bytes() == index
    assert user_git(root, "for-each-ref", "refs/heads") == refs
    assert not list(root.glob(".agentproxy-*"))


def test_the_users_own_changes_stay(root: Path) -> None:
    claim = Claim(root, writing({"a.txt": LINES.replace("line 3", "theirs")}))
    write(root, {"a.txt": LINES.replace("line 17", "mine"), "src/b.py": "print(2)\n"})
    (root / "a.txt").chmod(0o640)
    assert isinstance(claim.apply(), Applied)
    text = (root / "a.txt").read_text()
    assert "theirs" in text
    assert "mine" in text
    assert stat.S_IMODE((root / "a.txt").stat().st_mode) == 0o640
    assert (root / "src/b.py").read_text() == "print(2)\n"


def test_what_was_before_is_kept_under_a_ref(root: Path) -> None:
    claim = Claim(root, writing({"a.txt": LINES + "more\n"}))
    write(root, {"src/b.py": "print(2)\n"})
    found = claim.apply()
    assert isinstance(found, Applied)
    assert content_of(root, found.before, "a.txt") == LINES.encode()
    assert content_of(root, found.before, "src/b.py") == b"print(2)\n"


def test_applying_twice_says_that_it_is_there(root: Path) -> None:
    claim = Claim(root, writing({"a.txt": LINES + "more\n", "new.txt": "n\n"}))
    assert isinstance(claim.apply(), Applied)
    before = photograph(root)
    assert claim.apply() == Applied(already=True)
    assert before.differences(photograph(root)) == []


def test_a_conflict_touches_nothing_and_is_named(root: Path) -> None:
    claim = Claim(root, writing({"a.txt": LINES.replace("line 3", "theirs"), "new.txt": "n\n"}))
    write(root, {"a.txt": LINES.replace("line 3", "mine")})
    assert refused(claim).paths == ("a.txt",)


def test_a_file_that_the_user_changed_and_the_worker_deleted_is_a_conflict(root: Path) -> None:
    claim = Claim(root, lambda tree: (tree / "a.txt").unlink())
    write(root, {"a.txt": "mine\n"})
    assert refused(claim).paths == ("a.txt",)


@pytest.mark.parametrize("theirs", ["x.log", "new.txt", "dir/new.txt"])
def test_an_untracked_file_in_the_way_is_named_and_kept(root: Path, theirs: str) -> None:
    claim = Claim(root, writing({".gitignore": "", theirs: "theirs\n", "other.txt": "o\n"}))
    write(root, {theirs: "mine\n"})
    assert refused(claim).paths == (theirs,)


def test_a_file_or_a_link_on_the_way_is_named_and_kept(root: Path, tmp_path: Path) -> None:
    claim = Claim(root, writing({"dir/new.txt": "theirs\n", "way/new.txt": "theirs\n"}))
    write(root, {"dir": "mine\n"})
    (tmp_path / "outside").mkdir()
    (root / "way").symlink_to(tmp_path / "outside")
    assert refused(claim).paths == ("dir/new.txt", "way/new.txt")
    assert not list((tmp_path / "outside").iterdir())


def test_a_folder_with_files_of_the_users_in_the_way_is_kept(root: Path) -> None:
    claim = Claim(root, writing({"thing": "a file\n"}))
    write(root, {"thing/mine.txt": "mine\n"})
    assert refused(claim).paths == ("thing",)


def test_a_folder_that_became_a_link_leads_nowhere(root: Path, tmp_path: Path) -> None:
    claim = Claim(root, writing({"src/b.py": "theirs\n"}))
    write(tmp_path, {"outside/b.py": "print(1)\n"})
    (root / "src/b.py").unlink()
    (root / "src").rmdir()
    (root / "src").symlink_to(tmp_path / "outside")
    assert refused(claim).paths == ("src/b.py",)
    assert (tmp_path / "outside/b.py").read_text() == "print(1)\n"


def test_a_link_is_replaced_and_not_written_through(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("precious\n")
    (root / "out").symlink_to(tmp_path / "outside")
    user_git(root, "add", "out")

    def work(tree: Path) -> None:
        (tree / "out").unlink()
        (tree / "out").write_text("now a file\n")

    assert isinstance(Claim(root, work).apply(), Applied)
    assert (root / "out").read_text() == "now a file\n"
    assert not (root / "out").is_symlink()
    assert (tmp_path / "outside").read_text() == "precious\n"


def test_a_hard_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    claim = Claim(root, writing({"a.txt": "theirs\n"}))
    (tmp_path / "same").hardlink_to(root / "a.txt")
    assert isinstance(claim.apply(), Applied)
    assert (tmp_path / "same").read_text() == LINES


def test_a_file_hidden_from_git_is_not_written_over(root: Path) -> None:
    claim = Claim(root, writing({"a.txt": "theirs\n"}))
    user_git(root, "update-index", "--assume-unchanged", "a.txt")
    write(root, {"a.txt": "mine, and hidden\n"})
    assert refused(claim).paths == ("a.txt",)


def test_files_and_folders_change_places(root: Path) -> None:
    def work(tree: Path) -> None:
        (tree / "a.txt").unlink()
        (tree / "src/b.py").unlink()
        (tree / "src").rmdir()
        write(tree, {"a.txt/inner": "i\n", "src": "s\n"})

    assert isinstance(Claim(root, work).apply(), Applied)
    assert (root / "a.txt/inner").read_text() == "i\n"
    assert (root / "src").read_text() == "s\n"


def test_line_ends_arrive_as_the_user_has_them(root: Path) -> None:
    user_git(root, "config", "core.autocrlf", "true")
    claim = Claim(root, writing({"a.txt": "one\r\n", "new.txt": "two\r\n"}))
    assert isinstance(claim.apply(), Applied)
    assert (root / "a.txt").read_bytes() == b"one\r\n"
    assert (root / "new.txt").read_bytes() == b"two\r\n"


def test_hostile_names_arrive(root: Path) -> None:
    odd = [b"new\nline", b"-rf", b":(top)x", b"\xff\xfe", b"x" * 255]

    def work(tree: Path) -> None:
        for name in odd:
            (tree / os.fsdecode(name)).write_bytes(name)

    assert isinstance(Claim(root, work).apply(), Applied)
    assert all((root / os.fsdecode(name)).read_bytes() == name for name in odd)


def test_when_a_write_fails_in_the_middle_everything_is_as_it_was(
    root: Path, tmp_path: Path
) -> None:
    write(root, {"only/here.txt": "h\n"})
    (root / "link").symlink_to("a.txt")
    (root / "way").symlink_to(tmp_path)
    write(tmp_path, {"staged": "staged\n"})
    before = files_of(photograph(root))
    with pytest.raises(OSError), Replacing(root) as replacing:  # noqa: PT011, PT012
        replacing.delete(b"only/here.txt")
        replacing.delete(b"link")
        replacing.put(b"only", tmp_path / "staged")
        replacing.put(b"a.txt", tmp_path / "staged")
        replacing.put(b"new/deep/file", tmp_path / "staged")
        assert (root / "new/deep/file").exists()
        replacing.put(b"way/through", tmp_path / "staged")
    assert files_of(photograph(root)) == before
    assert not (tmp_path / "through").exists()
