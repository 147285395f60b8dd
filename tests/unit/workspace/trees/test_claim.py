"""Claims: what a worker left as files is what counts, whatever its git says."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from support.claims import Work
from support.repositories import (
    RUN,
    based,
    cloned,
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

from agentproxy.events.git_facts import Change
from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.trees.claim import ClaimKey, record_claim
from agentproxy.workspace.trees.clone import make_clone

FILES = {"a.txt": "one\ntwo\n", "src/b.py": "print(1)\n", ".gitignore": "*.log\nbuild/\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "the repository", FILES)


@pytest.fixture
def work(root: Path) -> Work:
    return Work(root)


def test_a_worker_that_did_nothing_claims_the_base(work: Work) -> None:
    claim = work.claim()
    assert claim.tree == work.base.tree
    assert claim.changes == ()
    assert claim.findings == ()


def test_files_are_the_claim_and_the_user_keeps_everything(work: Work) -> None:
    work.script("echo three >>a.txt; rm src/b.py; echo new >new.txt; chmod +x new.txt")
    before = photograph(work.root)
    claim = work.claim()
    assert before.differences(photograph(work.root)) == []
    assert claim.changes == (
        Change(path="a.txt", status="modified", added=1, removed=0),
        Change(path="new.txt", status="added", added=1, removed=0),
        Change(path="src/b.py", status="deleted", added=0, removed=1),
    )
    assert tree_files(work.root, claim.commit)[b"new.txt"][0] == "100755"
    shown = user_git(work.root, "log", "-1", "--format=%P %an", claim.ref).decode()
    assert shown == f"{work.base.commit} Agent Proxy\n"
    user_git(work.root, "fsck", "--strict", "--connectivity-only")


def test_recording_again_gives_the_same_commit(work: Work) -> None:
    work.script("echo three >>a.txt")
    assert work.claim() == work.claim()


def test_a_claim_on_uncommitted_work_has_the_base_as_its_parent(root: Path) -> None:
    write(root, {"a.txt": "mine\n"})
    work = Work(root)
    work.script("echo new >new.txt")
    claim = work.claim()
    assert [change.path for change in claim.changes] == ["new.txt"]
    assert content_of(root, claim.commit, "a.txt") == b"mine\n"


@pytest.mark.parametrize(
    "trick",
    [
        "git update-index --skip-worktree a.txt; echo evil >>a.txt",
        "git update-index --assume-unchanged a.txt; echo evil >>a.txt",
        "echo '*' >.git/info/exclude; echo evil >>a.txt",
        "echo '* -diff ident' >.git/info/attributes; echo evil >>a.txt",
        "echo evil >>a.txt; git stash -q; git stash apply -q; git commit -qam x; git reset -q @~",
        "echo evil >>a.txt; rm -rf .git",
        "echo evil >>a.txt; rm -rf .git; mkdir .git; echo garbage >.git/HEAD",
        "echo evil >>a.txt; rm -rf .git; ln -s /nowhere .git",
        "echo evil >>a.txt; rm -rf .git; echo 'gitdir: /etc' >.git",
        "git checkout -q --orphan other; git rm -qrf --cached .; echo evil >>a.txt",
        "echo evil >>a.txt; git config core.worktree /tmp; git config core.bare true",
        "git sparse-checkout set --no-cone src; git sparse-checkout disable; echo evil >>a.txt",
        "t=$(stat -c %Y a.txt); echo evil >>a.txt; touch -d @$t a.txt",
        "git config filter.x.clean true; echo '* filter=x' >.git/info/attributes;echo evil >>a.txt",
    ],
)
def test_what_the_workers_git_says_does_not_count(work: Work, trick: str) -> None:
    work.script(trick)
    claim = work.claim()
    assert content_of(work.root, claim.commit, "a.txt") == b"one\ntwo\nevil\n"
    assert [change.path for change in claim.changes] == ["a.txt"]


def test_the_gitignore_of_the_tree_counts_but_not_for_what_the_base_has(work: Work) -> None:
    work.script(
        "echo l >x.log; mkdir build; echo b >build/out; echo 'src/' >>.gitignore;"
        "echo more >>src/b.py; echo c >src/c.py; echo '!keep.log' >>.gitignore; echo k >keep.log"
    )
    assert work.paths(work.claim()) == {b".gitignore", b"a.txt", b"src/b.py", b"keep.log"}


def test_excludes_of_the_user_do_not_count(root: Path) -> None:
    (root / ".git/info/exclude").write_text("*.new\n")
    work = Work(root)
    work.script("echo n >a.new")
    assert b"a.new" in work.paths(work.claim())


@pytest.mark.parametrize(
    "plant",
    [
        "git init -q nested; echo i >nested/i.txt",
        "git init -q nested; cd nested; echo i >i.txt; git add .;"
        "git -c user.name=x -c user.email=x commit -qm x",
        "mkdir -p nested/.git; echo i >nested/i.txt",
        "mkdir -p nested; echo 'gitdir: /nowhere' >nested/.git; echo i >nested/i.txt",
        "mkdir -p nested; mkfifo nested/.git; echo i >nested/i.txt",
        "mkdir -p nested; ln -s ../.git nested/.git; echo i >nested/i.txt",
        "git init -q nested; rm nested/.git/HEAD; echo i >nested/i.txt",
        "git worktree add -q --detach nested; rm -r nested/*; echo i >nested/i.txt",
    ],
)
def test_a_planted_repository_is_carried_as_files(work: Work, plant: str) -> None:
    work.script(plant)
    claim = work.claim()
    assert tree_files(work.root, claim.commit)[b"nested/i.txt"][0] == "100644"
    assert any("nested is a nested repository" in finding for finding in claim.findings)
    assert not any(b".git/" in path for path in work.paths(claim))


def test_a_bare_repository_in_the_tree_is_ordinary_files(work: Work) -> None:
    work.script("git init -q --bare inner.git")
    assert b"inner.git/HEAD" in work.paths(work.claim())


def test_hostile_names_survive_exactly(work: Work) -> None:
    odd = [
        b"new\nline", b"-rf", b"--output=x", b":(exclude)*", b":!a.txt", b"*", b"x" * 255,
        b"\xff\xfe", b'"q"', b" ", b"a\\b", b"tab\there", b"\x1b[31mred", b"HEAD", b"dir\n/deep\r",
    ]  # fmt: skip
    for name in odd:
        place = Path(os.fsdecode(os.fsencode(work.tree) + b"/" + name))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(name)
    claim = work.claim()
    files = tree_files(work.root, claim.commit)
    assert {*odd} <= set(files)
    for name in odd:
        assert user_git(work.root, "cat-file", "blob", files[name][1]) == name
    assert claim == type(claim).model_validate_json(claim.model_dump_json())


def test_names_that_git_keeps_for_itself_are_findings(work: Work) -> None:
    write(work.tree, {".GIT/config": "x", "dir/git~1/x": "x", "fine.txt": "f"})
    claim = work.claim()
    assert b"fine.txt" in work.paths(claim)
    assert any(".GIT: git cannot store" in finding for finding in claim.findings)
    assert any("dir/git~1: git cannot store" in finding for finding in claim.findings)


def test_what_is_not_a_file_is_a_finding(work: Work) -> None:
    work.script("mkfifo pipe; rm a.txt; mkfifo a.txt")
    claim = work.claim()
    assert b"a.txt" not in work.paths(claim)
    assert sum("neither a file nor a link" in finding for finding in claim.findings) == 2


def test_a_tree_that_was_deleted_whole_is_empty(work: Work) -> None:
    work.script("find . -mindepth 1 -delete")
    claim = work.claim()
    assert work.paths(claim) == set()
    shutil.rmtree(work.tree)
    assert work.claim().tree == claim.tree


def test_unreadable_files_are_read_all_the_same(work: Work) -> None:
    work.script("mkdir locked; echo i >locked/i; chmod 000 locked/i a.txt; chmod 000 locked")
    assert b"locked/i" in work.paths(work.claim())


def test_files_and_folders_change_places(work: Work) -> None:
    work.script(
        "rm a.txt; mkdir a.txt; echo i >a.txt/inner; rm -r src; echo s >src; ln -s src link"
    )
    assert work.paths(work.claim()) == {b".gitignore", b"a.txt/inner", b"src", b"link"}


def test_a_linked_folder_is_a_link_and_nothing_behind_it(work: Work) -> None:
    work.script("mv src elsewhere; ln -s elsewhere src; ln -s / everything")
    claim = work.claim()
    files = tree_files(work.root, claim.commit)
    assert files[b"src"][0] == "120000"
    assert {b"elsewhere/b.py", b"everything"} <= set(files)
    assert not any(path.startswith(b"everything/") for path in files)


def test_findings_name_what_a_person_should_see(work: Work) -> None:
    work.script(
        "echo x >.envrc; echo {} >.mcp.json; mkdir -p .claude .vscode .github/workflows;"
        "echo >.claude/settings.json; echo >.vscode/tasks.json; echo >.github/workflows/ci.yml;"
        "ln -s /etc/passwd out; ln -s ../../outside src/up; ln -s ../a.txt src/fine;"
        'ln -s "$PWD/a.txt" absolute; truncate -s 51000000 big; mkdir -p .git/hooks;'
        "echo x >.git/hooks/pre-commit; git config core.fsmonitor evil"
    )
    said = "\n".join(work.claim().findings)
    for name in (".envrc", ".mcp.json", ".claude/settings.json", ".vscode/tasks.json"):
        assert f"{name} was added: editors, agents or shells act on this file" in said
    assert ".github/workflows/ci.yml was added: your continuous integration runs it" in said
    assert "out is a link that leads out of the tree: /etc/passwd" in said
    assert "src/up is a link that leads out of the tree" in said
    assert "src/fine" not in said
    assert "absolute is a link" not in said
    assert "big has 51 MB" in said
    assert ".git/hooks/pre-commit was added" in said
    assert ".git/config was changed" in said


def test_a_link_that_leaves_through_another_link_is_seen(work: Work) -> None:
    work.script("mkdir -p deep/er; ln -s deep/er in; ln -s in/../../../x out")
    said = "\n".join(work.claim().findings)
    assert "out is a link that leads out of the tree" in said


def test_attributes_that_git_cannot_apply_do_not_hide_anything(work: Work) -> None:
    work.script(
        "echo '* working-tree-encoding=UTF-16' >.gitattributes;"
        "printf '\\377' >>a.txt; echo e >>src/b.py"
    )
    claim = work.claim()
    assert content_of(work.root, claim.commit, "src/b.py") == b"print(1)\ne\n"
    assert any("could not apply the attributes" in finding for finding in claim.findings)


def test_a_dangerous_gitmodules_is_recorded_and_said(work: Work) -> None:
    work.script(
        "printf '[submodule \"x\"]\\n path = x\\n url = --upload-pack=evil\\n' >.gitmodules"
    )
    claim = work.claim()
    assert b".gitmodules" in work.paths(claim)
    assert any("gitmodulesUrl" in finding for finding in claim.findings)


def test_line_ends_are_converted_as_the_user_does(root: Path) -> None:
    user_git(root, "config", "core.autocrlf", "true")
    work = Work(root)
    write(work.tree, {"a.txt": "one\r\nTWO\r\n", "new.txt": "n\r\n"})
    claim = work.claim()
    assert [change.path for change in claim.changes] == ["a.txt", "new.txt"]
    assert content_of(root, claim.commit, "a.txt") == b"one\nTWO\n"


def test_a_repository_with_alternates_and_other_object_ids_works(tmp_path: Path) -> None:
    first = make_repository(tmp_path / "first", FILES, "--object-format=sha256")
    user_git(first, "clone", "-q", "--shared", str(first), str(tmp_path / "second"))
    work = Work(tmp_path / "second")
    work.script("echo three >>a.txt")
    assert [change.path for change in work.claim().changes] == ["a.txt"]


def pointer(content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


def test_large_files_stay_pointers_and_new_content_is_kept(root: Path) -> None:
    content = b"large" * 1000
    write(root, {".gitattributes": "*.bin filter=lfs -text\n", "big.bin": pointer(content)})
    write(root, {"other.bin": pointer(content)})
    commit_all(root)
    write(root, {"big.bin": content, "other.bin": content})
    work = Work(root)
    assert (work.tree / "big.bin").read_bytes() == content
    write(work.tree, {"other.bin": "changed", "new.bin": "brand new"})
    claim = work.claim()
    assert [change.path for change in claim.changes] == ["new.bin", "other.bin"]
    assert content_of(root, claim.commit, "other.bin") == pointer(b"changed").encode()
    assert content_of(root, claim.commit, "new.bin") == pointer(b"brand new").encode()
    again = cloned(work.repo, claim.commit, root.parent / "again")
    assert (again / "new.bin").read_bytes() == b"brand new"


def test_a_worker_cannot_declare_code_to_be_large_files(work: Work) -> None:
    work.script("echo '*.py filter=lfs' >.gitattributes; echo evil >>src/b.py")
    claim = work.claim()
    assert content_of(work.root, claim.commit, "src/b.py") == b"print(1)\nevil\n"


@pytest.fixture
def with_submodule(root: Path, tmp_path: Path) -> Work:
    inner = make_repository(tmp_path / "inner", {"inner.txt": "i\n"})
    user_git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "mod")
    commit_all(root)
    return Work(root)


def test_a_submodule_keeps_its_commit_and_changes_inside_are_said(with_submodule: Work) -> None:
    assert with_submodule.claim().changes == ()
    with_submodule.script("echo changed >mod/inner.txt; git -C mod init -q; echo more >>a.txt")
    claim = with_submodule.claim()
    assert [change.path for change in claim.changes] == ["a.txt"]
    assert tree_files(with_submodule.root, claim.commit)[b"mod"][0] == "160000"
    assert any("mod is a submodule" in f for f in claim.findings)


def test_a_submodule_that_was_deleted_is_deleted(with_submodule: Work) -> None:
    with_submodule.script("rm -rf mod")
    assert [(c.path, c.status) for c in with_submodule.claim().changes] == [("mod", "deleted")]


def test_without_isolation_a_claim_is_read_where_it_stands(root: Path, tmp_path: Path) -> None:
    repo = opened(root)
    base = based(repo)
    run(make_clone(repo, base.commit, tmp_path / "clone", branch="work", inside=False))
    write(tmp_path / "clone", {"a.txt": "changed\n", "x.log": "l\n"})
    plain = run(choose_sandbox("plain"))
    work = record_claim(
        repo,
        tmp_path / "clone",
        base=base,
        key=ClaimKey(RUN, 1),
        sandbox=plain,
        scratch=tmp_path / "s",
    )
    assert [change.path for change in run(work).changes] == ["a.txt"]
