"""Repositories for tests: made with plain git as a user would, and photographed bit for bit."""

import asyncio
import functools
import hashlib
import os
import stat
import subprocess
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded
from agentproxy.workspace.git.repository import Repository, open_repository
from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.sandbox.port import Ended, Job, JobLimits, Sandbox
from agentproxy.workspace.trees.base import record_base
from agentproxy.workspace.trees.claim import DEFAULT_BOUNDS, ClaimKey, record_claim
from agentproxy.workspace.trees.claim_bounds import ClaimBounds
from agentproxy.workspace.trees.clone import clone_mounts, make_clone

T = TypeVar("T")
RUN = "run-1"
FREELY_ADDED = ("objects/", "refs/agentproxy", "lfs/objects/", "lfs")


def run(work: Coroutine[object, object, T]) -> T:
    """Run to the end, with a limit."""

    async def limited() -> T:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(limited())


def user_git(
    root: Path,
    *args: str | bytes,
    stdin: bytes = b"",
    check: bool = True,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Git as the user runs it: with the repository's own configuration, hooks and filters."""
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    asked = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A User",
        "GIT_AUTHOR_EMAIL": "user@example.com",
        "GIT_COMMITTER_NAME": "A User",
        "GIT_COMMITTER_EMAIL": "user@example.com",
        "LC_ALL": "C",
    }
    ended = subprocess.run(
        ["git", *args], cwd=root, env={**asked, **(env or {})}, input=stdin, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    if check and ended.returncode:
        raise AssertionError(f"git {args}: {ended.stderr.decode('utf-8', 'replace')}")
    return ended.stdout


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files beneath a folder, with the folders they need."""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)


def make_repository(root: Path, files: Mapping[str, str | bytes], *options: str) -> Path:
    """A repository with one commit."""
    root.mkdir(parents=True)
    user_git(root, "init", "-q", "-b", "main", *options)
    write(root, files)
    commit_all(root)
    return root


def commit_all(root: Path, message: str = "a commit") -> str:
    user_git(root, "add", "-A")
    # Else each commit would start one more process that looks whether there is much to tidy.
    tidy = "maintenance.auto=false"
    user_git(root, "-c", tidy, "commit", "-q", "--allow-empty", "-m", message)
    return user_git(root, "rev-parse", "HEAD").decode().strip()


def tree_files(root: Path, commit: str) -> dict[bytes, tuple[str, str]]:
    """Mode and blob of every file of a commit."""
    printed = user_git(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    found: dict[bytes, tuple[str, str]] = {}
    for line in printed.split(b"\0")[:-1]:
        about, _, name = line.partition(b"\t")
        mode, _, oid = about.decode().split(" ")
        found[name] = (mode, oid)
    return found


def content_of(root: Path, commit: str, name: str) -> bytes:
    """What a commit holds at a path."""
    return user_git(root, "cat-file", "blob", f"{commit}:{name}")


@dataclass(frozen=True)
class Photograph:
    """Everything of a folder: kind, mode, time and content of each file, target of each link."""

    things: Mapping[str, tuple[object, ...]]

    def differences(self, later: "Photograph") -> list[str]:
        """What changed or vanished; and what appeared, except where additions are allowed."""
        changed = [name for name, was in self.things.items() if later.things.get(name) != was]
        added = [name for name in later.things if name not in self.things]
        return sorted(changed + [name for name in added if not _may_appear(name)])


def photograph(root: Path) -> Photograph:
    """Take one, without following a link. Times of folders are not kept."""
    things: dict[str, tuple[object, ...]] = {}
    for place, folders, files in os.walk(root):
        for name in [*folders, *files]:
            file = Path(place, name)
            about = file.lstat()
            shown = os.fsencode(file.relative_to(root)).decode("utf-8", "backslashreplace")
            if stat.S_ISDIR(about.st_mode):
                things[shown] = ("folder", about.st_mode)
            elif stat.S_ISLNK(about.st_mode):
                things[shown] = ("link", file.readlink(), about.st_mtime_ns)
            elif stat.S_ISREG(about.st_mode):
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                # Git renews the time of an object that is asked for again.
                when = () if _may_appear(shown) else (about.st_mtime_ns, about.st_ino)
                things[shown] = ("file", about.st_mode, digest, *when)
            else:
                things[shown] = ("odd", about.st_mode)
    return Photograph(things)


def _may_appear(name: str) -> bool:
    """New objects and our own refs; nothing else, and nowhere but in a git directory."""
    _, found, inner = f"/{name}".rpartition("/.git/")
    return bool(found) and inner.startswith(FREELY_ADDED)


@functools.cache
def sandbox() -> Sandbox:
    """The isolating sandbox of this machine."""
    # In a thread: the first to ask may be a test whose own loop runs.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(choose_sandbox("auto"))).result()


def opened(root: Path) -> Repository:
    return run(open_repository(root))


def based(
    repo: Repository, *, from_head: bool = False, include_untracked: bool = False
) -> BaseRecorded:
    return run(record_base(repo, RUN, from_head=from_head, include_untracked=include_untracked))


def cloned(repo: Repository, commit: str, at: Path) -> Path:
    run(make_clone(repo, commit, at, branch="agentproxy/work"))
    return at


def in_clone(repo: Repository, at: Path, script: str) -> Ended:
    """Run a worker's script in the sandbox, at the user's path."""
    job = Job(
        argv=("sh", "-euc", script),
        cwd=str(repo.root),
        mounts=clone_mounts(repo, at),
        limits=JobLimits(seconds=30),
    )
    ended = run(sandbox().run(job))
    assert ended.exit_code == 0, ended.output
    return ended


def claimed(
    repo: Repository,
    tree: Path,
    base: BaseRecorded,
    *,
    round: int = 1,  # noqa: A002
    bounds: ClaimBounds = DEFAULT_BOUNDS,
) -> ClaimRecorded:
    return run(
        record_claim(
            repo,
            tree,
            base=base,
            key=ClaimKey(RUN, round),
            sandbox=sandbox(),
            scratch=tree.parent / "scratch",
            bounds=bounds,
        )
    )
