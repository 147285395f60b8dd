"""How large a claim may be. A larger one is refused, and the worker learns why."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClaimBounds:
    names: int = 2_000_000  # files and folders in the worker's tree, with the ignored ones
    files: int = 100_000  # new files that are not ignored
    # Deeper trees exceed Python's recursion limit in code that lists or deletes them.
    depth: int = 200  # folders above a file
    # Relative to the tree: PATH_MAX (4096 on Linux) must also hold the path to a clone.
    path_bytes: int = 3000
    file_bytes: int = 1 << 30  # growth of one file since the base
    total_bytes: int = 4 << 30  # growth of all files together
    # Patterns of names at the root of the tree, and the programs that keep these for themselves. A
    # new file with such a name is no part of the claim.
    kept_apart: Mapping[str, str] = field(default_factory=dict[str, str])


class ClaimRefused(Exception):
    """The worker's files cannot be kept. The message names the cause and the cure."""


def refuse_number(count: int, *, limit: int, what: str) -> None:
    if count > limit:
        raise ClaimRefused(
            f"it has more than {limit:,} {what}. Delete them, or list them in .gitignore"
        )
