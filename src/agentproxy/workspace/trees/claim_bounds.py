"""How large a claim may be. Past a bound nothing of it is kept, and its worker is told why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClaimBounds:
    """Bounds of one claim.

    `names` counts all files and folders in the worker's tree, ignored ones too, and `files` those
    that are new and not ignored. `depth` is folders above a file, `path_bytes` the length of a
    path; the paths of clones and checkouts come before it. `file_bytes` is what one file may have
    more than in the base, `total_bytes` what all may have more.
    """

    names: int = 2_000_000
    files: int = 100_000
    depth: int = 200
    path_bytes: int = 3000
    file_bytes: int = 1 << 30
    total_bytes: int = 4 << 30


class ClaimRefused(Exception):
    """What a worker left cannot be kept as a claim; the message says why, and what to change."""


def refuse_number(count: int, *, limit: int, what: str) -> None:
    """Refuse more than `limit` of something.

    Raises:
        ClaimRefused: there are more.
    """
    if count > limit:
        raise ClaimRefused(
            f"it has more than {limit:,} {what}; delete them, or name them in .gitignore"
        )
