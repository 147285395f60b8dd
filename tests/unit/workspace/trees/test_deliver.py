"""Delivery: a branch at HEAD that carries the claim, or a patch that says why it is one."""

import subprocess
from pathlib import Path

import pytest
from support.repositories import (
    RUN,
    based,
    claimed,
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

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded, Delivered
from agentproxy.workspace.trees.deliver import deliver

LINES = "".join(f"line {number}\n" for number in range(20))
BRANCH = f"agentproxy/{RUN}"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "the repository", {"a.txt": LINES, "b.txt": "b\n"})


def claim_of(root: Path, files: dict[str, str | bytes]) -> tuple[BaseRecorded, ClaimRecorded]:
    repo = opened(root)
    base = based(repo)
    tree = cloned(repo, base.commit, root.parent / "clone")
    write(tree, files)
    return base, claimed(repo, tree, base)


def delivered(root: Path, base: BaseRecorded, claim: ClaimRecorded) -> Delivered:
    return run(
        deliver(
            opened(root),
            RUN,
            base=base,
            claim=claim,
            message="Fix it\n\nBecause it was broken.\n",
            apart="Fix it\n\nNot checked alone.\n",
            folder=root.parent / "out",
        )
    )


def test_the_branch_starts_at_head_and_holds_the_claim(root: Path) -> None:
    user_git(root, "config", "user.name", "The User")
    user_git(root, "config", "user.email", "the@user.example")
    base, claim = claim_of(root, {"a.txt": "new\n", "c.txt": "c\n"})
    before = photograph(root)
    found = delivered(root, base, claim)
    changed = before.differences(photograph(root))
    assert set(changed) == {".git/refs/heads/agentproxy", f".git/{REF}"}
    assert found.branch == BRANCH
    shown = user_git(root, "log", "-1", "--format=%H %P %an <%ae> %s", BRANCH).decode()
    assert shown == f"{found.commit} {base.head} The User <the@user.example> Fix it\n"
    assert tree_files(root, BRANCH) == tree_files(root, claim.commit)
    assert user_git(root, "branch", "--show-current") == b"main\n"


def test_without_an_identity_of_the_user_the_author_is_ours(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(root.parent / "home"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    found = delivered(root, *claim_of(root, {"a.txt": "new\n"}))
    author = user_git(root, "log", "-1", "--format=%an <%ae>", found.commit).decode()
    assert author == "Agent Proxy <agent-proxy@localhost>\n"


def test_delivering_twice_is_delivering_once(root: Path) -> None:
    base, claim = claim_of(root, {"a.txt": "new\n"})
    assert delivered(root, base, claim) == delivered(root, base, claim)


def test_a_branch_that_carries_something_else_is_never_moved(root: Path) -> None:
    base, claim = claim_of(root, {"a.txt": "new\n"})
    user_git(root, "branch", BRANCH)
    found = delivered(root, base, claim)
    assert user_git(root, "rev-parse", BRANCH).decode().strip() == base.head
    assert found.branch == ""
    assert "exists already" in found.notes[0]
    assert Path(found.patch).read_text().startswith("diff --git a/a.txt b/a.txt")


def test_a_branch_that_stands_in_the_way_of_the_name_gives_a_patch(root: Path) -> None:
    user_git(root, "branch", "agentproxy")
    found = delivered(root, *claim_of(root, {"a.txt": "new\n"}))
    assert "cannot be made" in found.notes[0]
    assert found.patch


def test_the_uncommitted_work_of_the_base_is_not_on_the_branch(root: Path) -> None:
    write(root, {"b.txt": "mine\n"})
    base, claim = claim_of(root, {"a.txt": LINES + "the end\n"})
    found = delivered(root, base, claim)
    assert content_of(root, found.commit, "b.txt") == b"b\n"
    assert content_of(root, found.commit, "a.txt").endswith(b"the end\n")
    assert "does not have the uncommitted changes" in found.notes[0]
    assert b"Not checked alone" in user_git(root, "log", "-1", "--format=%B", found.commit)
    assert user_git(root, "rev-parse", f"{found.commit}^").decode().strip() == base.head


def test_a_claim_that_needs_uncommitted_work_is_a_patch_and_says_so(root: Path) -> None:
    write(root, {"a.txt": LINES.replace("line 7", "my seven")})
    base, claim = claim_of(root, {"a.txt": LINES.replace("line 7", "our seven"), "x.bin": b"\0\1"})
    before = photograph(root)
    found = delivered(root, base, claim)
    assert before.differences(photograph(root)) == []
    assert found.branch == ""
    assert "uncommitted changes in a.txt" in found.notes[0]
    subprocess.run(["git", "apply", found.patch], cwd=root, check=True)
    assert "our seven" in (root / "a.txt").read_text()
    assert (root / "x.bin").read_bytes() == b"\0\1"


def test_head_may_move_meanwhile(root: Path) -> None:
    base, claim = claim_of(root, {"a.txt": "new\n"})
    write(root, {"b.txt": "committed later\n"})
    commit_all(root)
    found = delivered(root, base, claim)
    assert user_git(root, "rev-parse", f"{found.commit}^").decode().strip() == base.head


def test_a_claim_that_changes_nothing_delivers_nothing(root: Path) -> None:
    found = delivered(root, *claim_of(root, {}))
    assert found.branch == ""
    assert found.patch == ""
    assert found.notes == ("the claim changes nothing",)
