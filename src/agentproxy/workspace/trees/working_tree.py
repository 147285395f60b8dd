"""Writes the user's tracked files, with their uncommitted changes, as a tree object."""

import asyncio
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.workspace.git.command import GitError, GitLocation, git
from agentproxy.workspace.git.filenames import beneath, in_a_sentence, join_names, split_names
from agentproxy.workspace.git.lfs import Store, filters_of, measure, read_head, read_pointer
from agentproxy.workspace.git.objects import write_blob
from agentproxy.workspace.git.repository import Repository, RepositoryUnusable
from agentproxy.workspace.trees.filter_evidence import read_evidence

CHANGED, UNMERGED, SPARSE = b"C", b"M", b"S"  # the tags of `git ls-files -t`


@dataclass(slots=True)
class Untracked:
    files: list[bytes] = field(default_factory=list[bytes])
    repositories: list[bytes] = field(default_factory=list[bytes])


async def present_tree(
    repository: Repository, where: GitLocation, *, with_untracked: Collection[bytes] = ()
) -> str:
    """Writes the tree of the present files. Never changes the user's index.

    Raises:
        RepositoryUnusable: a merge is unfinished, there is no index, or a file cannot be read.
    """
    # `add -A` on a copied index would take untracked .env and .venv too: names are explicit.
    copy_index(repository, where)
    tags = await _tags(where)
    root = repository.root
    hidden = set(_behind_links(root, tags))
    changed = [name for name, tag in tags.items() if tag == CHANGED and name not in hidden]
    gone = {name for name in changed if _unstorable(root, name)}
    kept = [*(name for name in changed if name not in gone), *with_untracked]
    try:
        await _remove(where, [*hidden, *gone])
        await _take(repository, where, kept)
        # A partial clone may lack blobs; `check_materials` reports them with their cure.
        printed = await git("write-tree", "--missing-ok", where=where)
    except GitError as error:
        raise RepositoryUnusable(f"the files cannot be read: {error.said}") from error
    return printed.decode().strip()


def copy_index(repository: Repository, where: GitLocation) -> None:
    """Copies the user's index into our git directory, or raises `RepositoryUnusable`."""
    source = repository.git_dir / "index"
    if where.git_dir is None or where.index is None:
        raise ValueError("the index can only be copied into a separate git directory")
    # A split index keeps most of its entries in these files.
    for shared in repository.git_dir.glob("sharedindex.*"):
        shutil.copy2(shared, where.git_dir / shared.name)
    try:
        # With its times: git uses them to find files changed in the same instant as the index.
        shutil.copy2(source, where.index)
    except FileNotFoundError as error:
        raise RepositoryUnusable(
            "the repository has no index, because nothing is checked out", cure="git reset"
        ) from error


async def find_untracked(
    repository: Repository, where: GitLocation, *, environment: Sequence[Path], whole_folders: bool
) -> Untracked:
    """Finds untracked files that are neither ignored nor in an environment.

    With `whole_folders` an untracked folder is one name that ends with a slash.
    """
    shape = ["--directory", "--no-empty-directory"] if whole_folders else []
    printed = await git(
        *exclude_as_user(repository, where),
        "ls-files", "-z", "--others", "--exclude-standard", *shape, where=where,
    )  # fmt: skip
    folders = [os.fsencode(folder) for folder in environment]
    root = os.fsencode(repository.root)
    found = Untracked()
    for name in split_names(printed):
        if beneath(root + b"/" + name.rstrip(b"/"), folders):
            continue
        # Without --directory git ends only the name of a nested repository with a slash.
        nested = name.endswith(b"/") and not whole_folders
        (found.repositories if nested else found.files).append(name)
    return found


def exclude_as_user(repository: Repository, where: GitLocation) -> tuple[str, str]:
    """Makes our git directory ignore what the user's does, and returns the options for git."""
    if where.git_dir is not None and repository.settings.exclude:
        (where.git_dir / "info").mkdir(exist_ok=True)
        (where.git_dir / "info/exclude").write_bytes(repository.settings.exclude)
    return "-c", f"core.excludesFile={repository.settings.excludes or '/dev/null'}"


async def _tags(where: GitLocation) -> dict[bytes, bytes]:
    printed = await git("ls-files", "-z", "-t", "--cached", "--modified", where=where)
    lines = split_names(printed)
    if any(line[:1] == UNMERGED for line in lines):
        raise RepositoryUnusable(
            "a merge is unfinished: the index has conflicts",
            cure="resolve them and run `git commit`, or run `git merge --abort`",
        )
    # Git lists a changed file twice; its second tag says that it changed. A sparse checkout leaves
    # files out on purpose: they are not deleted.
    return {line[2:]: line[:1] for line in lines if line[:1] != SPARSE}


def _behind_links(root: Path, names: Iterable[bytes]) -> Iterator[bytes]:
    # Git counts a tracked file as deleted when one of its folders has become a link.
    known: dict[bytes, bool] = {b"": False}

    def linked(folder: bytes) -> bool:
        if folder not in known:
            known[folder] = linked(folder.rpartition(b"/")[0]) or _at(root, folder).is_symlink()
        return known[folder]

    return (name for name in names if linked(name.rpartition(b"/")[0]))


def _unstorable(root: Path, name: bytes) -> bool:
    # `update-index` fails at a FIFO, a socket or a device.
    try:
        mode = _at(root, name).lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


async def _remove(where: GitLocation, names: Collection[bytes]) -> None:
    if names:
        await git(
            "update-index", "--force-remove", "-z", "--stdin", where=where, stdin=join_names(names)
        )


async def _take(repository: Repository, where: GitLocation, names: Sequence[bytes]) -> None:
    # The LFS filter does not run, so the index gets the pointer and the store the content.
    filters = await filters_of(where, names)
    unseen = await _made(repository, where, names, filters=filters)
    store = Store(repository.settings.lfs)
    plain: list[bytes] = []
    stored: list[bytes] = []
    for name in names:
        pointer = None
        if name in unseen:
            continue
        if filters.get(name) == "lfs":
            pointer = await asyncio.to_thread(_store_large, _at(repository.root, name), store)
        if pointer is None:
            plain.append(name)
        else:
            oid = await write_blob(where, pointer[1])
            stored.append(b"%s %s\t%s\0" % (pointer[0], oid.encode(), name))
    if plain:
        await git(
            "update-index", "--add", "--remove", "--replace", "-z", "--stdin",
            where=where, stdin=join_names(plain),
        )  # fmt: skip
    if stored:
        await git("update-index", "-z", "--index-info", where=where, stdin=b"".join(stored))


async def _made(
    repository: Repository,
    where: GitLocation,
    names: Sequence[bytes],
    *,
    filters: Mapping[bytes, str],
) -> set[bytes]:
    # What the user sees may be a secret that git stores encrypted: the index keeps what it has.
    evidence = await read_evidence(repository, where)
    made: set[bytes] = set()
    for name in names:
        driver = filters.get(name, "")
        judged = evidence.judge(name, driver)
        if judged == "plain" or not _at(repository.root, name).exists():
            continue
        if judged == "unclear":
            raise RepositoryUnusable(
                f"the filter {driver!r} makes only some of the files that it covers, so it is not "
                f"clear whether git stores the changed {in_a_sentence(name)} as you see it",
                cure="run `git add` for the changed files",
            )
        made.add(name)
    return made


def _store_large(file: Path, store: Store) -> tuple[bytes, bytes] | None:
    # A file that is a pointer already is stored as it is.
    if file.is_symlink() or not file.is_file() or read_pointer(read_head(file)) is not None:
        return None
    pointer = measure(file)
    store.add(file, pointer)
    return index_mode(file), pointer.text


def index_mode(file: Path) -> bytes:
    return b"100755" if file.stat().st_mode & stat.S_IXUSR else b"100644"


def _at(root: Path, name: bytes) -> Path:
    return root / os.fsdecode(name)
