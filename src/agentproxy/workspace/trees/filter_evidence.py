"""Tells which files a filter makes: the user sees other bytes than git stores, although unchanged.

A filter may cover files that it leaves as they are, as git-annex does with `* filter=annex`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agentproxy.workspace.git.command import GitError, GitLocation, git
from agentproxy.workspace.git.filenames import split_names
from agentproxy.workspace.git.lfs import filters_of
from agentproxy.workspace.git.repository import Repository

HASHED_LIMIT = 16 << 20  # bytes; a larger file says nothing
UNCHANGED = b"H"  # the tag of `git ls-files -t`

Judgement = Literal["made", "plain", "unclear"]


@dataclass(frozen=True, slots=True)
class FilterEvidence:
    """What the user's unchanged files show. Without evidence every covered file counts as made."""

    differs: Mapping[bytes, bool] = field(default_factory=dict[bytes, bool])
    by_driver: Mapping[str, frozenset[bool]] = field(default_factory=dict[str, frozenset[bool]])
    drivers: frozenset[str] = frozenset()  # that make the content of files

    def judge(self, name: bytes, driver: str) -> Judgement:
        """Whether the filter makes a file. Unclear: a changed file of a filter that makes some."""
        if driver not in self.drivers:
            return "plain"
        if name in self.differs:
            return "made" if self.differs[name] else "plain"
        return "unclear" if False in self.by_driver.get(driver, ()) else "made"

    def makes_none(self, driver: str) -> bool:
        return driver not in self.drivers or self.by_driver.get(driver) == frozenset({False})


def making_filters(repository: Repository) -> frozenset[str]:
    """Returns the filters that make the content of files at checkout, without Git LFS."""
    drivers = repository.settings.filters
    return frozenset(each.name for each in drivers if each.changes_checkout and each.name != "lfs")


async def read_evidence(repository: Repository, where: GitLocation) -> FilterEvidence:
    """Compares the user's unchanged files with the index at `where`, a copy of the user's."""
    drivers = making_filters(repository)
    if not drivers:
        return FilterEvidence()
    stored = await _unchanged(where)
    filters = await filters_of(where, list(stored))
    covered = [
        name
        for name in stored
        if filters.get(name) in drivers and _is_telling(repository.root, name)
    ]
    try:
        present = await _hashed(where, covered)
    except GitError:  # a file changes while git reads it
        return FilterEvidence(drivers=drivers)
    differs = {name: oid != stored[name] for name, oid in zip(covered, present, strict=True)}
    by_driver = {
        driver: frozenset(differs[name] for name in covered if filters[name] == driver)
        for driver in drivers
    }
    return FilterEvidence(differs, by_driver, drivers)


async def _unchanged(where: GitLocation) -> dict[bytes, bytes]:
    listed = await git("ls-files", "-z", "-t", "--cached", "--modified", where=where)
    # Git lists a changed file twice; its second tag says that it changed.
    tags = {line[2:]: line[:1] for line in split_names(listed)}
    found: dict[bytes, bytes] = {}
    for line in split_names(await git("ls-files", "-z", "--stage", where=where)):
        about, _, name = line.partition(b"\t")
        mode, oid, _ = about.split()
        if tags.get(name) == UNCHANGED and mode.startswith(b"100"):
            found[name] = oid
    return found


def _is_telling(root: Path, name: bytes) -> bool:
    # An empty file is the same with and without a filter. `--stdin-paths` reads lines.
    if b"\n" in name or name.startswith(b'"'):
        return False
    try:
        return 0 < (root / os.fsdecode(name)).lstat().st_size <= HASHED_LIMIT
    except OSError:
        return False


async def _hashed(where: GitLocation, names: Sequence[bytes]) -> list[bytes]:
    if not names:
        return []
    lines = b"".join(name + b"\n" for name in names)
    # Converts the ends of lines as git does; our git directory has no filter.
    return (await git("hash-object", "--stdin-paths", where=where, stdin=lines)).split()
