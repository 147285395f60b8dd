"""Small faults that are put into code, to see whether its tests notice them. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.events.mutants import MutantKind

# What tests notice most comes first. Texts are often messages, which few tests compare.
ORDER: Sequence[MutantKind] = (
    "comparison",
    "arithmetic",
    "boolean",
    "condition",
    "return_value",
    "constant",
    "dropped_statement",
    "text",
)


@dataclass(frozen=True, slots=True)
class Edit:
    """A mutant of a source file: bytes that are replaced, and what a reader is told of it."""

    kind: MutantKind
    line: int  # counts from 1
    start: int
    end: int
    new: bytes
    text: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new + source[self.end :]


FindEdits = Callable[[bytes], Sequence[Edit]]


def spread(edits: Mapping[str, Sequence[Edit]], *, most: int) -> list[tuple[str, Edit]]:
    """At most so many edits, by turns of the functions, and in each of kinds and lines."""
    queues = {name: _by_turns(found, most=most) for name, found in edits.items()}
    chosen: list[tuple[str, Edit]] = []
    for turn in range(most):
        chosen += [(name, queue[turn]) for name, queue in queues.items() if turn < len(queue)]
    return chosen[:most]


def _by_turns(edits: Iterable[Edit], *, most: int) -> list[Edit]:
    left = {kind: [each for each in edits if each.kind == kind] for kind in ORDER}
    lines: Counter[int] = Counter()
    chosen: list[Edit] = []
    while len(chosen) < most and any(left.values()):
        # Texts only once nothing else is left.
        others = [kind for kind in ORDER if left[kind] and kind != "text"]
        for kind in others or ["text"]:
            best = min(left[kind], key=lambda edit: lines[edit.line])
            left[kind].remove(best)
            lines[best.line] += 1
            chosen.append(best)
    return chosen[:most]
