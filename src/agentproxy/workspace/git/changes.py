"""Compares two trees: changed paths, kinds of change, numbers of lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentproxy.events.git_facts import Change
from agentproxy.workspace.git.command import GitLocation, git
from agentproxy.workspace.git.filenames import as_text

ChangeStatus = Literal["added", "modified", "deleted", "type_changed"]
STATUSES: dict[str, ChangeStatus] = {
    "A": "added",
    "M": "modified",
    "D": "deleted",
    "T": "type_changed",
}
COUNTED = "core.bigFileThreshold=16m"  # git counts no lines in larger files


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that differs. A tree that does not have it gives a mode and an id of zeros."""

    name: bytes
    status: ChangeStatus
    mode: str
    oid: str
    before: str  # mode in the first tree
    added: int = 0  # lines
    removed: int = 0

    @property
    def change(self) -> Change:
        return Change(
            path=as_text(self.name), status=self.status, added=self.added, removed=self.removed
        )


async def differences(where: GitLocation, before: str, after: str) -> list[Difference]:
    """Returns every path that differs, in git's order. A rename is two paths."""
    shape = ("-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-abbrev")
    printed = await git(
        "-c", COUNTED, "diff-tree", *shape, "--raw", "--numstat", before, after, where=where
    )
    parts = printed.split(b"\0")[:-1]
    # All pairs of the raw form come first, and only these begin with a colon.
    counted = next((n for n in range(0, len(parts), 2) if parts[n][:1] != b":"), len(parts))
    lines = dict(_counts(parts[counted:]))
    pairs = zip(parts[0:counted:2], parts[1:counted:2], strict=True)
    return [_difference(about.decode(), name, lines.get(name, (0, 0))) for about, name in pairs]


def _counts(counted: Sequence[bytes]) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for line in counted:
        added, removed, name = line.split(b"\t", 2)
        # "-" stands for a binary file.
        if added != b"-":
            yield name, (int(added), int(removed))


def _difference(about: str, name: bytes, lines: tuple[int, int]) -> Difference:
    before_mode, mode, _, oid, letter = about.removeprefix(":").split(" ")
    return Difference(
        name=name,
        status=STATUSES[letter[0]],
        mode=mode,
        oid=oid,
        before=before_mode,
        added=lines[0],
        removed=lines[1],
    )
