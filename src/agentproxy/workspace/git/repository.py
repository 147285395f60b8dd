"""Opens the user's repository: its folders, HEAD and settings."""

import os
import re
import secrets
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.workspace.git.command import (
    GitError,
    GitLocation,
    absolute_path,
    git,
    git_status,
)
from agentproxy.workspace.git.user_settings import GitSettings, read_settings

OLDEST_GIT = (2, 38)  # `merge-tree --write-tree`
NOT_INSIDE = "must be run in a work tree"  # what git says in a git directory
# An empty folder has nothing to commit, and can be worked in all the same.
FIRST_COMMIT = "git add -A && git commit --allow-empty -m 'First commit'"


_usable: set[str] = set()  # values of PATH on which git is new enough


class RepositoryUnusable(Exception):
    """A run cannot start here. `cure` is a command or an instruction."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree and its git directories. All paths are absolute."""

    root: Path
    git_dir: Path  # of this work tree alone
    common_dir: Path  # shared by all work trees
    objects: Path
    head: str  # commit id
    branch: str  # "" if HEAD is detached
    object_format: str = "sha1"
    settings: GitSettings = field(default_factory=GitSettings)
    scratch: Path | None = None  # folder for our git directories; None: the system's temporary one

    @property
    def theirs(self) -> GitLocation:
        """The user's git directory. Only for plumbing that starts no program and writes no file."""
        return GitLocation(git_dir=self.git_dir, cwd=self.git_dir)


async def open_repository(start: Path, *, scratch: Path | None = None) -> Repository:
    """Finds the repository that holds a folder, or raises `RepositoryUnusable`."""
    start = Path(os.path.realpath(start))  # noqa: ASYNC240 - a few links, no content
    await _check_git()
    found = await _find(start)
    known = Repository(
        root=found.root,
        git_dir=found.git_dir,
        common_dir=_resolved(found.common_dir),
        objects=_resolved(found.common_dir / "objects"),
        head="",
        branch="",
        object_format=found.object_format,
        scratch=scratch,
    )
    branch = await _branch(known.theirs) if found.branch is None else found.branch
    settings = await _settings(known)
    head = found.head or await _head(known.theirs, known.root)
    return replace(known, branch=branch, head=head, settings=settings)


async def object_id(repository: Repository, name: str) -> str:
    """Returns the id of the object that a revision names, or ""."""
    found, _ = await git_status(
        "rev-parse", "--verify", "--quiet", "--end-of-options", name,
        where=repository.theirs, accept=(0, 1, 128),
    )  # fmt: skip
    return found.decode().strip()


async def set_ref(repository: Repository, ref: str, commit: str) -> None:
    """Points a ref below `refs/agentproxy/` at a commit. Runs no hook.

    Raises:
        ValueError: the ref is not below `refs/agentproxy/`.
        GitError: the name is invalid, or another ref is in its way.
    """
    await set_refs(repository, {ref: commit})


async def set_refs(repository: Repository, commits: Mapping[str, str]) -> None:
    """Does what `set_ref` does to many refs: to all or to none."""
    if not commits:
        return
    for ref in commits:
        # A newline would begin another command of `update-ref`.
        if not ref.startswith("refs/agentproxy/") or not ref.isprintable() or " " in ref:
            raise ValueError(f"{ref!r} is not below refs/agentproxy/")
    # As new ones first, which most are: what is there already shows by the failure.
    try:
        await _update_refs(repository, [f"create {ref} {commits[ref]}\n" for ref in commits])
    except GitError:
        lines = [f"update {ref} {commit}\n" for ref, commit in commits.items()]
        for ref, earlier in (await _refs(repository, commits)).items():
            # Work that was kept once must never get lost: the earlier commit gets a ref with its
            # id.
            if earlier != commits[ref]:
                lines.append(f"update {ref}-{earlier} {earlier}\n")
        await _update_refs(repository, lines)


async def _update_refs(repository: Repository, lines: Sequence[str]) -> None:
    """Does all that the lines say, or nothing."""
    await git(
        "-c", "core.logAllRefUpdates=false", "update-ref", "--stdin",
        where=repository.theirs, stdin="".join(lines).encode(),
    )  # fmt: skip


async def _refs(repository: Repository, names: Collection[str]) -> dict[str, str]:
    """Returns the refs of these names that there are, with their objects."""
    # A pattern also means the refs below it, and those that it matches.
    found = await git(
        "for-each-ref", "--format=%(refname) %(objectname)", *sorted(names), where=repository.theirs
    )
    refs = dict(line.split(" ") for line in found.decode().splitlines())
    return {name: refs[name] for name in names if name in refs}


async def drop_refs(repository: Repository, prefix: str) -> None:
    """Removes the refs below a prefix, which is below `refs/agentproxy/` and ends with "/"."""
    if not re.fullmatch(r"refs/agentproxy/[\w-]+/", prefix):
        raise ValueError(f"{prefix!r} is not below refs/agentproxy/")
    found = await git("for-each-ref", "--format=%(refname)", prefix, where=repository.theirs)
    await _update_refs(repository, [f"delete {name}\n" for name in found.decode().splitlines()])


async def _check_git() -> None:
    path = absolute_path(os.environ)
    if path in _usable:
        return
    try:
        said = (await git("version", where=GitLocation())).decode()
    except FileNotFoundError as error:
        raise RepositoryUnusable(
            "git is not on PATH", cure="install git 2.38 or later, or add its folder to PATH"
        ) from error
    found = re.search(r"(\d+)\.(\d+)", said)
    if found and (int(found[1]), int(found[2])) < OLDEST_GIT:
        raise RepositoryUnusable(f"{said.strip()} is too old", cure="install git 2.38 or later")
    _usable.add(path)


@dataclass(frozen=True, slots=True)
class _Found:
    """What git says of the place. Of `head` and `branch`, what it cannot say at once is missing."""

    object_format: str
    git_dir: Path
    root: Path
    common_dir: Path
    head: str = ""
    branch: str | None = None


async def _find(start: Path) -> _Found:
    if not start.is_dir():  # noqa: ASYNC240 - one look
        raise RepositoryUnusable(f"{start} is not a folder")
    # Git prints an option that it does not know. A path can hold newlines, but not this one.
    mark = f"--{secrets.token_hex(16)}"
    about = (
        "--is-inside-work-tree", "--show-object-format", "--path-format=absolute",
        mark, "--git-dir", mark, "--show-toplevel", mark, "--git-common-dir",
    )  # fmt: skip
    where = GitLocation(cwd=start)
    try:
        printed = await git(
            "rev-parse", *about, mark, "HEAD^{commit}", mark, "--symbolic-full-name", "HEAD",
            where=where,
        )  # fmt: skip
    except GitError:  # perhaps only because there is no commit yet
        try:
            printed = await git("rev-parse", *about, where=where)
        except GitError as error:
            raise _not_there(start, error) from error
    first, *parts = printed.split(f"{mark}\n".encode())
    inside, object_format = first.decode().split()
    if inside != "true":
        raise _not_inside(start)
    git_dir, root, common_dir, *at_head = parts
    found = _Found(object_format, _path(git_dir), _path(root), _path(common_dir))
    if not at_head:
        return found
    head, full_name = at_head
    return replace(found, head=head.decode().strip(), branch=_branch_named(full_name))


def _branch_named(full_name: bytes) -> str | None:
    """The branch by the name of what HEAD is; None where another ref has the name HEAD too."""
    name = full_name.decode("utf-8", "backslashreplace").strip()
    return {"": None, "HEAD": ""}.get(name, name.removeprefix("refs/heads/"))


def _path(printed: bytes) -> Path:
    # Not `strip`: a path may end with white space.
    return Path(os.fsdecode(printed.removesuffix(b"\n")))


def _resolved(place: Path) -> Path:
    return place.resolve()


def _not_inside(start: Path) -> RepositoryUnusable:
    return RepositoryUnusable(
        f"{start} is not inside a work tree",
        cure="start in a checkout of the repository: git worktree add ../checkout",
    )


def _not_there(start: Path, error: GitError) -> RepositoryUnusable:
    if NOT_INSIDE in error.said:
        return _not_inside(start)
    if "not a git repository" in error.said:
        return RepositoryUnusable(
            f"{start} is not in a git repository",
            cure=f"cd {shlex.quote(str(start))} && git init && {FIRST_COMMIT}",
        )
    inside = next((each for each in (start, *start.parents) if each.name == ".git"), None)
    if inside is not None:
        cure = f"cd {shlex.quote(str(inside.parent))}"
        return RepositoryUnusable(f"{start} is inside git's own folder", cure=cure)
    if "bare repository" in error.said:
        return RepositoryUnusable(
            f"{start} is a bare repository", cure="start in a checkout: git clone . ../checkout"
        )
    cure = "install git 2.45 or later, which reads it" if "refstorage" in error.said else ""
    said = " ".join(error.said.split())
    return RepositoryUnusable(f"git cannot read the repository at {start}: {said}", cure=cure)


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
            cure=f"cd {shlex.quote(str(root))} && {FIRST_COMMIT}",
        )
    return found.decode().strip()


async def _settings(known: Repository) -> GitSettings:
    try:
        return await read_settings(known.git_dir, known.common_dir, root=known.root)
    except GitError as error:
        raise RepositoryUnusable(f"git cannot read the configuration: {error.said}") from error
