"""The user's repository: where it is, and what of its configuration counts."""

import os
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.workspace.git.command import GitError, GitLocation, git, git_status
from agentproxy.workspace.git.user_settings import GitSettings, read_settings

OLDEST_GIT = (2, 38)  # `merge-tree --write-tree`
FIRST_COMMIT = "git init && git add -A && git commit -m 'First commit'"


class RepositoryUnusable(Exception):
    """A run cannot start from here. `cure` is what a person can type, or do."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree and its git directories, all absolute.

    `git_dir` is the work tree's own and `common_dir` the one it shares with other work trees;
    `objects` is the store that is written to. `head` is a commit, `branch` "" when detached.
    `scratch` is where our own git directories are made, None for the system's temporary folder.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    objects: Path
    head: str
    branch: str
    object_format: str = "sha1"
    settings: GitSettings = field(default_factory=GitSettings)
    scratch: Path | None = None

    @property
    def theirs(self) -> GitLocation:
        """The user's own git directory, for plumbing that runs no programs and touches no files."""
        return GitLocation(git_dir=self.git_dir, cwd=self.git_dir)


async def open_repository(start: Path, *, scratch: Path | None = None) -> Repository:
    """Find the repository around a folder. Changes nothing and runs no program of its.

    Raises:
        RepositoryUnusable: there is none, it is bare or has no commit, or git is missing or old.
    """
    start = Path(os.path.realpath(start))  # noqa: ASYNC240 - a few links, no content
    await _check_git()
    object_format, git_dir = await _find(start)
    root = _path(await git("rev-parse", "--show-toplevel", where=GitLocation(cwd=start)))
    theirs = GitLocation(git_dir=git_dir, cwd=git_dir)
    # The answer is relative to where git ran.
    common_dir = git_dir / _path(await git("rev-parse", "--git-common-dir", where=theirs))
    known = Repository(
        root=root,
        git_dir=git_dir,
        common_dir=_resolved(common_dir),
        objects=_resolved(common_dir / "objects"),
        head="",
        branch=await _branch(theirs),
        object_format=object_format,
        scratch=scratch,
    )
    settings = await _settings(known)
    return replace(known, head=await _head(theirs, root), settings=settings)


async def object_id(repository: Repository, name: str) -> str:
    """The object that a revision names, or "" where there is none."""
    found, _ = await git_status(
        "rev-parse", "--verify", "--quiet", "--end-of-options", name,
        where=repository.theirs, accept=(0, 1, 128),
    )  # fmt: skip
    return found.decode().strip()


async def set_ref(repository: Repository, ref: str, commit: str) -> None:
    """Point a ref of ours at a commit; no hook of the user's hears of it.

    Where it pointed elsewhere, that commit stays under the same name with its id: work that was
    kept once is never let go of.

    Raises:
        ValueError: it is not one of ours.
        GitError: the name is bad, or something else is in its way.
    """
    # A newline would begin another command of `update-ref`.
    if not ref.startswith("refs/agentproxy/") or not ref.isprintable() or " " in ref:
        raise ValueError(f"{ref!r} is not ours to write")
    earlier = await object_id(repository, ref)
    lines = f"update {ref} {commit}\n"
    if earlier and earlier != commit:
        lines += f"update {ref}-{earlier} {earlier}\n"
    await git(
        "-c", "core.logAllRefUpdates=false", "update-ref", "--stdin",
        where=repository.theirs, stdin=lines.encode(),
    )  # fmt: skip


async def _check_git() -> None:
    try:
        said = (await git("version", where=GitLocation())).decode()
    except FileNotFoundError as error:
        raise RepositoryUnusable(
            "there is no git on PATH",
            cure="install git 2.38 or later, or put its folder on PATH",
        ) from error
    found = re.search(r"(\d+)\.(\d+)", said)
    if found and (int(found[1]), int(found[2])) < OLDEST_GIT:
        raise RepositoryUnusable(f"{said.strip()} is too old", cure="install git 2.38 or later")


async def _find(start: Path) -> tuple[str, Path]:
    """The format of the object ids, and the git directory."""
    if not start.is_dir():  # noqa: ASYNC240 - one look
        raise RepositoryUnusable(f"{start} is not a folder")
    try:
        printed = await git(
            "rev-parse", "--is-inside-work-tree", "--show-object-format", "--absolute-git-dir",
            where=GitLocation(cwd=start),
        )  # fmt: skip
    except GitError as error:
        raise _not_there(start, error) from error
    # Only the path, which comes last, may hold newlines.
    inside, object_format, git_dir = printed.split(b"\n", 2)
    if inside != b"true":
        raise RepositoryUnusable(
            f"{start} is not inside a work tree",
            cure="start in a checkout of the repository: git worktree add ../checkout",
        )
    return object_format.decode(), _path(git_dir)


def _path(printed: bytes) -> Path:
    """An answer of `rev-parse`; only the last newline is not part of it."""
    return Path(os.fsdecode(printed.removesuffix(b"\n")))


def _resolved(place: Path) -> Path:
    return place.resolve()


def _not_there(start: Path, error: GitError) -> RepositoryUnusable:
    if "not a git repository" in error.said:
        return RepositoryUnusable(
            f"{start} is not in a git repository",
            cure=f"cd {shlex.quote(str(start))} && {FIRST_COMMIT}",
        )
    if "bare repository" in error.said:
        return RepositoryUnusable(
            f"{start} is a bare repository", cure="start in a checkout: git clone . ../checkout"
        )
    return RepositoryUnusable(f"git cannot read the repository at {start}: {error.said}")


async def _branch(theirs: GitLocation) -> str:
    found, _ = await git_status("symbolic-ref", "--quiet", "HEAD", where=theirs, accept=(0, 1))
    return found.decode("utf-8", "backslashreplace").strip().removeprefix("refs/heads/")


async def _head(theirs: GitLocation, root: Path) -> str:
    found, _ = await git_status(
        "rev-parse", "--verify", "--quiet", "HEAD^{commit}", where=theirs, accept=(0, 1, 128)
    )
    if not found.strip():
        raise RepositoryUnusable(
            f"{root} has no commit yet",
            cure=f"cd {shlex.quote(str(root))} && git add -A && git commit -m 'First commit'",
        )
    return found.decode().strip()


async def _settings(known: Repository) -> GitSettings:
    try:
        return await read_settings(known.git_dir, known.common_dir, root=known.root)
    except GitError as error:
        raise RepositoryUnusable(f"the configuration cannot be read: {error.said}") from error
