"""Findings: sentences about a claim that a person should know besides its changes."""

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.git.changes import Difference
from agentproxy.workspace.git.filenames import in_a_sentence
from agentproxy.workspace.git.objects import SYMLINK
from agentproxy.workspace.trees.walk import Listing

MAX_FINDINGS = 200
MILLION = 1_000_000
LARGE = 50 * MILLION  # bytes; a larger file is a finding
READ_BY_TOOLS = (b".envrc", b".mcp.json")
FOLDERS_READ_BY_TOOLS = (b".claude", b".vscode", b".cursor", b".devcontainer")
WORKFLOWS = b".github/workflows/"
MAX_IGNORED = 5  # named one by one
CACHES = frozenset({
    b"__pycache__", b"node_modules", b".venv", b"venv", b".pytest_cache", b".mypy_cache",
    b".ruff_cache", b".hypothesis", b".cache", b".tox", b".nox", b".coverage", b"coverage",
    b"htmlcov", b"target", b".gradle", b".next", b".turbo", b".DS_Store",
})  # fmt: skip
BYPRODUCTS = (b".pyc", b".pyo", b".o", b".log", b".tmp", b".swp", b".tsbuildinfo")
COMPARED_LIMIT = 1 << 20  # bytes


def in_changes(changed: Sequence[Difference], listing: Listing) -> Iterator[str]:
    """Reports files that other programs act on, and very large files."""
    for one in changed:
        shown = in_a_sentence(one.name)
        parts = one.name.split(b"/")
        if parts[-1] in READ_BY_TOOLS or any(p in FOLDERS_READ_BY_TOOLS for p in parts[:-1]):
            yield f"{shown} was {one.status}: editors, agents or shells act on this file"
        elif one.name.startswith(WORKFLOWS):
            yield f"{shown} was {one.status}: your continuous integration runs it"
        size = listing.sizes.get(one.name, 0)
        if size > LARGE:
            yield f"{shown} has {size // MILLION} MB"


def in_ignored(ignored: Mapping[bytes, str], *, root: Path) -> Iterator[str]:
    """Reports new files that the claim leaves out because git ignores them, but no caches.

    What the user has as well, such as a carried file, is not the worker's.
    """
    made = sorted(name for name in ignored if not _is_cached(name))
    made = [name for name in made if not (root / os.fsdecode(name)).exists()]
    for name in made[:MAX_IGNORED]:
        yield (
            f"{in_a_sentence(name)} was made and is ignored by {ignored[name]}, "
            "so the claim does not have it"
        )
    if len(made) > MAX_IGNORED:
        yield f"{len(made) - MAX_IGNORED} more files were made and are ignored"


def in_kept_apart(apart: Mapping[bytes, str]) -> Iterator[str]:
    """Reports files that the worker's program keeps for itself, by the first part of their name."""
    firsts = {name.partition(b"/")[0]: program for name, program in apart.items()}
    for first, program in firsts.items():
        shown = in_a_sentence(first)
        yield f"{program} keeps {shown} for itself, so the claim does not have it"


def _is_cached(name: bytes) -> bool:
    parts = name.split(b"/")
    in_package = any(part.endswith(b".egg-info") for part in parts)
    return in_package or bool(CACHES & set(parts)) or name.endswith(BYPRODUCTS)


def in_links(changed: Sequence[Difference], tree: Path, *, root: Path) -> Iterator[str]:
    """Reports links that lead out of the tree when it is at `root`, the user's path."""
    for one in changed:
        if one.mode != SYMLINK:
            continue
        try:
            target = os.readlink(os.fsencode(tree) + b"/" + one.name)  # noqa: PTH115 - bytes
        except OSError:
            continue
        if leaves(one.name, target, root=os.fsencode(root)) or _resolves_outside(tree, one.name):
            shown = in_a_sentence(target)
            yield f"{in_a_sentence(one.name)} is a link that leads out of the tree: {shown}"


def leaves(name: bytes, target: bytes, *, root: bytes) -> bool:
    """Whether the target leads out of the root. Reads no file."""
    place = posixpath.normpath(posixpath.join(root, posixpath.dirname(name), target))
    return place != root and not place.startswith(root + b"/")


def _resolves_outside(tree: Path, name: bytes) -> bool:
    start = os.fsencode(tree.resolve())
    place = start + b"/" + name
    # The tree is not at the user's path now: `leaves` has judged an absolute link by its text.
    if os.readlink(place).startswith(b"/"):  # noqa: PTH115 - bytes
        return False
    resolved = os.path.realpath(place)
    return resolved != start and not resolved.startswith(start + b"/")


def in_git_folder(tree: Path, fresh: Mapping[str, bytes]) -> Iterator[str]:
    """Reports the worker's changes to its own `.git`, which the claim never includes."""
    git_dir = tree / ".git"
    try:
        if not stat.S_ISDIR(git_dir.lstat().st_mode):
            yield ".git was replaced: it is no longer a folder"
            return
    except OSError:
        yield ".git was deleted"
        return
    with SafeDir(git_dir, links=False) as folder:
        changed = [name for name, content in fresh.items() if _content(folder, name) != content]
    for name in changed:
        yield f".git/{name} was changed"
    hooks = git_dir / "hooks"
    if hooks.is_symlink():
        yield ".git/hooks was replaced by a link"
    elif hooks.is_dir():
        for hook in sorted(os.listdir(os.fsencode(hooks))):  # noqa: PTH208 - bytes
            yield f".git/hooks/{in_a_sentence(hook)} was added"


def in_listing(listing: Listing) -> Iterator[str]:
    for folder in listing.nested:
        yield (
            f"{in_a_sentence(folder)} is a nested repository. "
            "The claim includes its files as ordinary files"
        )
    yield from listing.odd


def bounded(findings: Iterable[str]) -> tuple[str, ...]:
    kept = list(dict.fromkeys(findings))
    if len(kept) > MAX_FINDINGS:
        kept[MAX_FINDINGS:] = [f"... and {len(kept) - MAX_FINDINGS} more findings"]
    return tuple(kept)


def _content(folder: SafeDir, name: str) -> bytes:
    try:
        return folder.read(name, limit=COMPARED_LIMIT)
    except FileNotFoundError:
        return b""
    except (BadPath, OSError):
        return b"\0unreadable"
