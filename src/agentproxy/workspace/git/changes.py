"""Compares two trees: changed paths, kinds of change, numbers of lines."""

from collections.abc import Iterator
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
    raw = await git("diff-tree", *shape, "--raw", before, after, where=where)
    counted = await git("-c", COUNTED, "diff-tree", *shape, "--numstat", before, after, where=where)
    lines = dict(_counts(counted))
    return [_difference(about, name, lines.get(name, (0, 0))) for about, name in _pairs(raw)]


def _pairs(raw: bytes) -> Iterator[tuple[str, bytes]]:
    parts = raw.split(b"\0")[:-1]
    for about, name in zip(parts[0::2], parts[1::2], strict=True):
        yield about.decode(), name


def _counts(counted: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for line in counted.split(b"\0")[:-1]:
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
