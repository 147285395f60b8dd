"""What differs between two trees: paths, kinds of change, lines."""

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
COUNTED = "core.bigFileThreshold=16m"  # lines of larger files are not counted


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that differs. A mode of zeros and an empty id say that there is nothing."""

    name: bytes
    status: ChangeStatus
    mode: str
    oid: str
    before: str
    added: int = 0
    removed: int = 0

    @property
    def change(self) -> Change:
        """As it stands in the record."""
        return Change(
            path=as_text(self.name), status=self.status, added=self.added, removed=self.removed
        )


async def differences(where: GitLocation, before: str, after: str) -> list[Difference]:
    """Every path that differs, in git's order; no rename is guessed."""
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
