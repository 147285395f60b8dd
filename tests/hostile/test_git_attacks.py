"""Git is a machine for running other people's programs. Shown first, then never by us."""

import contextlib
import os
import pty
import shutil
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from support.git_attacks import ATTACKS, Attack, make_program
from support.repositories import RUN, make_repository, opened, run, user_git, write

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import Repository, RepositoryUnusable, open_repository
from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.trees.apply import apply_claim
from agentproxy.workspace.trees.base import record_base
from agentproxy.workspace.trees.claim import ClaimKey, record_claim
from agentproxy.workspace.trees.clone import make_clone, matches
from agentproxy.workspace.trees.deliver import deliver

FILES = {"a.txt": "one\n", "src/b.py": "print(1)\n"}


def fall(attack: Attack, root: Path) -> None:
    """Do what people do all day, with plain git."""
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm",
        **{
            f"GIT_{who}_{what}": "x@y"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }
    for command in attack.falls:
        words = ["sh", "-c", command[1]] if command[0] == "sh" else ["git", *command]
        reading, writing = pty.openpty()
        subprocess.run(
            words, cwd=root / attack.at, env=env, check=False, timeout=20,
            stdout=writing if attack.terminal else subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            input=b"protocol=https\nhost=x\n\n",
        )  # fmt: skip
        os.close(reading)
        os.close(writing)


async def everything_before_work(repo: Repository, clone: Path) -> BaseRecorded:
    base = await record_base(repo, RUN, from_head=False, include_untracked=True)
    await make_clone(repo, base.commit, clone, branch="work", inside=False)
    await matches(repo, clone, base.commit)
    return base


async def everything_after_work(repo: Repository, clone: Path, base: BaseRecorded) -> ClaimRecorded:
    # Without isolation on purpose: what ran in there would leave its mark.
    plain = await choose_sandbox("plain")
    claim = await record_claim(
        repo,
        clone,
        base=base,
        key=ClaimKey(RUN, 1),
        sandbox=plain,
        scratch=clone.parent / "scratch",
    )
    out = clone.parent / "out"
    await deliver(repo, RUN, base=base, claim=claim, message="x", apart="x", folder=out)
    await apply_claim(repo, RUN, base_commit=base.commit, claim_commit=claim.commit)
    await matches(repo, clone, claim.commit)
    return claim


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("made") / "repository", FILES)


@pytest.fixture
def root(untouched: Path, tmp_path: Path) -> Path:
    shutil.copytree(untouched, tmp_path / "repository", symlinks=True)
    return tmp_path / "repository"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attack_works_on_plain_git(attack: Attack, root: Path) -> None:
    program, mark = make_program(root.parent)
    attack.plant(root, program)
    mark.unlink(missing_ok=True)
    fall(attack, root)
    assert mark.exists() == (not attack.vacuous)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_users_repository_runs_nothing(attack: Attack, root: Path) -> None:
    program, mark = make_program(root.parent)
    write(root, {"a.txt": "uncommitted\n"})
    attack.plant(root, program)
    mark.unlink(missing_ok=True)

    async def all_of_it() -> None:
        # What cannot be proven without running somebody's program is refused; that is no attack.
        with contextlib.suppress(RepositoryUnusable):
            repo = await open_repository(root)
            base = await everything_before_work(repo, root.parent / "clone")
            write(root.parent / "clone", {"new.txt": "n\n"})
            await everything_after_work(repo, root.parent / "clone", base)
        if attack.at == ".":
            return
        with contextlib.suppress(RepositoryUnusable):
            inner = await open_repository(root / attack.at)
            await everything_before_work(inner, root.parent / "second")

    run(all_of_it())
    assert not mark.exists()


@pytest.fixture(scope="module")
def working(untouched: Path) -> tuple[Repository, BaseRecorded, Path]:
    """A repository, its base and a clone of it, from which every worker gets a copy."""
    repo = opened(untouched)
    clone = untouched.parent / "clone"
    return repo, run(everything_before_work(repo, clone)), clone


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_workers_repository_runs_nothing(
    attack: Attack, working: tuple[Repository, BaseRecorded, Path], tmp_path: Path
) -> None:
    repo, base, made = working
    program, mark = make_program(tmp_path)
    clone = tmp_path / "clone"
    shutil.copytree(made, clone, symlinks=True)
    attack.plant(clone, program)
    write(clone, {"new.txt": "n\n"})
    mark.unlink(missing_ok=True)
    claim = run(everything_after_work(repo, clone, base))
    assert not mark.exists()
    assert "new.txt" in {change.path for change in claim.changes}


SWITCHES = (
    "--output=OUT",
    "--upload-pack=PROGRAM",
    "--index-output=OUT",
    "-pPROGRAM",
    "--exec=PROGRAM",
)


def test_a_switch_in_the_place_of_a_name_works_on_plain_git(root: Path) -> None:
    program, mark = make_program(root.parent)
    user_git(root, "log", "-1", f"--output={root.parent}/out")
    assert (root.parent / "out").exists()
    user_git(root, "ls-remote", f"--upload-pack={program}", ".", check=False)
    assert mark.exists()


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_in_the_place_of_a_name_is_refused(root: Path, switch: str) -> None:
    program, mark = make_program(root.parent)
    out = root.parent / "out"
    name = switch.replace("OUT", str(out)).replace("PROGRAM", program)
    repo = opened(root)
    at = root.parent / "clone"
    refused: list[Callable[[], Coroutine[object, object, object]]] = [
        lambda: make_clone(repo, name, at, branch="x"),
        lambda: make_clone(repo, repo.head, at.with_name("other"), branch=name),
        lambda: matches(repo, root, name),
        lambda: apply_claim(repo, RUN, base_commit=name, claim_commit=repo.head),
    ]
    for attempt in refused:
        with pytest.raises((ValueError, GitError)):
            run(attempt())
    # A run of that name is odd and harmless: its refs have a beginning of ours.
    with contextlib.suppress(GitError):
        run(record_base(repo, name, from_head=True, include_untracked=False))
    assert not mark.exists()
    assert not out.exists()
