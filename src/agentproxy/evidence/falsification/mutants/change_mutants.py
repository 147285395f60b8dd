"""Mutants of what a claim changes: hunks that are put back, and faults in changed lines. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from agentproxy.evidence.falsification.mutants.mutants import Edit

MAX_LINES = 4_000  # comparing the lines takes more than linear time


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `first` to `last` of a file, in the place of what the base had there."""

    first: int  # counts from 1
    last: int  # before `first` where lines were only taken away
    edit: Edit


def find_hunks(before: bytes, after: bytes) -> Sequence[Hunk]:
    """The changed places of a file; none of a file that is new, or too long to be compared."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if max(len(old), len(new)) > MAX_LINES:
        return []
    return list(_hunks(old, new))


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[Hunk]:
    starts = [0]
    for line in new:
        starts.append(starts[-1] + len(line))
    for tag, old_first, old_last, first, last in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield Hunk(
                first=first + 1,
                last=last,
                edit=Edit(
                    kind="hunk",
                    line=first + 1,
                    start=starts[first],
                    end=starts[last],
                    new=b"".join(old[old_first:old_last]),
                    text=_describe(first + 1, last),
                ),
            )


def _describe(first: int, last: int) -> str:
    if last < first:
        return f"the lines that went before line {first} are back"
    return f"line {first} is as before" if first == last else f"lines {first}-{last} are as before"
