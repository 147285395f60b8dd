"""Makes clones for workers and checks, and compares a folder with a commit."""

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agentproxy.workspace.git.alternates import alternates, object_mounts
from agentproxy.workspace.git.attributes import large_files
from agentproxy.workspace.git.command import GitLocation, git, git_status
from agentproxy.workspace.git.filenames import as_text, join_names, split_names
from agentproxy.workspace.git.lfs import Pointer, measure, read_pointer
from agentproxy.workspace.git.objects import checked, list_tree, read_blob
from agentproxy.workspace.git.remotes import remote_sections
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.git.scratch_git_dir import configuration, make_git_dir, own_git
from agentproxy.workspace.git.submodules import SubmoduleSource, find_submodules, source_of
from agentproxy.workspace.sandbox.port import IDENTITY, Mount

# No signature: the worker has no key. No maintenance: it would pack the user's objects again.
CLONE_CONFIG = (
    IDENTITY
    + """[gc]
	auto = 0
[maintenance]
	auto = false
[commit]
	gpgSign = false
"""
)


async def make_clone(
    repo: Repository, commit: str, at: Path, *, branch: str, inside: bool = True
) -> None:
    """Checks a commit out into a new clone, with the tags that reach it and without hooks.

    Its remotes are names and addresses: nothing can be pushed to them.
    With `inside` the clone reads the user's objects where `clone_mounts` mounts them, else at
    their place on the host. It can be moved.

    Raises:
        FileExistsError: the folder is not empty.
        GitError: the commit cannot be checked out.
    """
    _make_folder(at)
    # Not a git worktree: its `.git` points at the user's repository, and configuration or hooks
    # that a worker writes there run in the user's next git command.
    git_dir = make_git_dir(at / ".git", repo, more=_configuration(repo))
    if not (branch.isalpha() and branch.islower()):
        await git("check-ref-format", "--branch", branch, where=GitLocation(git_dir=git_dir))
    (git_dir / "objects/info/alternates").write_bytes(alternates(repo, inside=inside))
    (git_dir / "info/exclude").write_bytes(repo.settings.exclude)
    _copy_shallow(repo, git_dir)
    (git_dir / "packed-refs").write_bytes(await _tags(repo, commit))
    await _fill(repo, source_of(repo), commit, at=at, index=git_dir / "index")
    ref = git_dir / "refs/heads" / branch
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(f"{commit}\n")
    (git_dir / "HEAD").write_text(f"ref: refs/heads/{branch}\n")


def fresh_git_files(repo: Repository) -> Mapping[str, bytes]:
    """Returns the files of a new clone's `.git` that control git, with their contents."""
    return {
        "config": (configuration(repo) + _configuration(repo)).encode(),
        "info/attributes": repo.settings.attributes,
        "info/exclude": repo.settings.exclude,
    }


async def digest_of_git_files(repo: Repository, commit: str) -> str:
    """Returns a digest of what a clone's `.git` holds besides commits: tags and settings."""
    digest = hashlib.sha256(await _tags(repo, commit))
    for name, content in sorted(fresh_git_files(repo).items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def _configuration(repo: Repository) -> str:
    return CLONE_CONFIG + remote_sections(repo.settings.remotes)


async def _tags(repo: Repository, commit: str) -> bytes:
    """Returns a `packed-refs` file with the tags that a commit contains.

    Versions are read from them. Other tags may lie on work that is not in the base.
    """
    if not await asyncio.to_thread(_may_have_tags, repo.common_dir):
        return b""
    # Exit code 128: a tag leads to an object that the repository lacks.
    printed, _ = await git_status(
        "for-each-ref", f"--merged={checked(commit)}", "--format=%(objectname) %(refname)",
        "refs/tags", where=repo.theirs, accept=(0, 128),
    )  # fmt: skip
    return printed


def _may_have_tags(common_dir: Path) -> bool:
    if (common_dir / "reftable").exists():
        return True
    if any(files for _, _, files in os.walk(common_dir / "refs/tags")):
        return True
    try:
        return b" refs/tags/" in (common_dir / "packed-refs").read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True


def clone_mounts(repo: Repository, at: Path) -> tuple[Mount, ...]:
    return (Mount(at=str(repo.root), mode="rw", source=at), *object_mounts(repo))


async def matches(repo: Repository, at: Path, commit: str) -> list[str]:
    """Returns the paths at which a folder differs from a commit. Never reads its own `.git`."""
    return [as_text(name) for name in await differing(repo, source_of(repo), commit, at=at)]


async def differing(
    repo: Repository, source: SubmoduleSource, commit: str, *, at: Path
) -> list[bytes]:
    with own_git(repo, work_tree=at, objects=source.objects) as where:
        await git("read-tree", checked(commit), where=where)
        entries = await list_tree(where, commit)
        listed = await git("ls-files", "-z", "--modified", "--others", where=where)
        wrong = set(split_names(listed))
        # No filter runs, so a large file with its content differs from its pointer in the tree.
        for name, oid in (await large_files(repo, where, entries)).items():
            pointer = read_pointer(await read_blob(where, oid))
            if name in wrong and await asyncio.to_thread(_holds, at, name, pointer):
                wrong.remove(name)
    async for submodule in find_submodules(repo, source, entries):
        name = submodule.entry.name
        if submodule.source is not None:
            inner = await differing(
                repo, submodule.source, submodule.entry.oid, at=at / os.fsdecode(name)
            )
            wrong |= {name + b"/" + path for path in inner}
    return sorted(wrong)


async def checkout_files(repo: Repository, tree: str, names: Sequence[bytes], *, at: Path) -> None:
    source = source_of(repo)
    with own_git(repo, work_tree=at, objects=source.objects) as where:
        await git("read-tree", checked(tree), where=where)
        await git("checkout-index", "-z", "--stdin", where=where, stdin=join_names(names))
        wanted = set(names)
        entries = await list_tree(where, tree)
        large = await large_files(repo, where, entries)
        here = {name: oid for name, oid in large.items() if name in wanted}
        await _write_large(source, where=where, large=here)


async def _fill(
    repo: Repository, source: SubmoduleSource, commit: str, *, at: Path, index: Path | None = None
) -> None:
    with own_git(repo, work_tree=at, objects=source.objects) as own:
        where = own if index is None else replace(own, index=index)
        treeish = checked(commit)
        await git(
            "-c", "checkout.workers=0", "read-tree", "--reset", "-u", "--no-recurse-submodules",
            treeish, where=where,
        )  # fmt: skip
        entries = await list_tree(where, commit)
        large = await large_files(repo, where, entries)
        await _write_large(source, where=where, large=large)
    async for submodule in find_submodules(repo, source, entries):
        if submodule.source is not None:
            inner = at / os.fsdecode(submodule.entry.name)
            await _fill(repo, submodule.source, submodule.entry.oid, at=inner)


async def _write_large(
    source: SubmoduleSource, *, where: GitLocation, large: Mapping[bytes, str]
) -> None:
    written: list[bytes] = []
    for name, oid in large.items():
        pointer = read_pointer(await read_blob(where, oid))
        if pointer is not None and source.lfs.holds(pointer) and where.work_tree is not None:
            file = where.work_tree / os.fsdecode(name)
            await asyncio.to_thread(source.lfs.write, pointer, file)
            written.append(name)
    if written:
        # The index holds the pointer, so git would report every large file as modified.
        await git(
            "update-index", "--assume-unchanged", "-z", "--stdin",
            where=where, stdin=join_names(written),
        )  # fmt: skip


def _holds(at: Path, name: bytes, pointer: Pointer | None) -> bool:
    file = at / os.fsdecode(name)
    if pointer is None or file.is_symlink() or not file.is_file():
        return False
    return measure(file) == pointer


def _make_folder(at: Path) -> None:
    at.mkdir(parents=True, exist_ok=True)
    if any(at.iterdir()):
        raise FileExistsError(f"{at} is not empty")


def _copy_shallow(repo: Repository, git_dir: Path) -> None:
    # Else git in the clone would look for parents that a shallow repository does not have.
    shallow = repo.common_dir / "shallow"
    if shallow.is_file():
        (git_dir / "shallow").write_bytes(shallow.read_bytes())
